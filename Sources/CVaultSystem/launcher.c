// The launcher: a process without keys, started before there are any, that starts the workers.
// It has one thread, so fork is plain; it reads eight fixed bytes from vaultd and nothing from a
// worker; it ends when vaultd's end of the socket closes, and its workers end with it.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char launch_request[VAULT_LAUNCH_BYTES] = {
    'I', 'V', 'L', 1, VAULT_LAUNCH_PLEASE, 0, 0, 0};

int vault_close_on_exec(void) { return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); }

int vault_harden_process(const char *name) {
    umask(0077);
    if (vault_close_on_exec() != 0) return -1;
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    if (prctl(PR_SET_NAME, name, 0, 0, 0) != 0) return -1;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int vault_clock_is_kept(long *error_microseconds) {
    struct timex state = {0};
    int told = adjtimex(&state);
    *error_microseconds = state.maxerror;
    return told < 0 ? -1 : told != TIME_ERROR;
}

int vault_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

int vault_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int vault_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int vault_bind_life_to_launcher(pid_t launcher) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    // The launcher may have gone before the line above; then nobody would send the signal.
    return getppid() == launcher ? 0 : -1;
}

static int describe_spawn(
    posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int socket) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int failed = 0;
    for (int standard = 0; standard < VAULT_INHERITED_SOCKET; standard++)
        failed |= posix_spawn_file_actions_addopen(files, standard, "/dev/null", O_RDWR, 0);
    failed |= posix_spawn_file_actions_adddup2(files, socket, VAULT_INHERITED_SOCKET);
    failed |= posix_spawn_file_actions_addclosefrom_np(files, VAULT_INHERITED_SOCKET + 1);
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    return failed | posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

int vault_spawn_launcher(const char *executable, int socket, pid_t *pid) {
    // The first three become /dev/null before the socket is placed: it must not be one of them.
    if (socket < VAULT_INHERITED_SOCKET) return EINVAL;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char *arguments[] = {(char *)executable, "--launcher", NULL};
    char *environment[] = {NULL};
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int failed = describe_spawn(&files, &attributes, socket)
        ? EINVAL : posix_spawn(pid, executable, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

// In the child: the socket becomes descriptor 3, the rest is closed, the environment is empty.
__attribute__((noreturn)) static void become_worker(
    const char *name, int socket, pid_t launcher, const sigset_t *signals) {
    char parent[16];
    snprintf(parent, sizeof parent, "%d", (int)launcher);
    char *arguments[] = {(char *)name, "--worker", parent, NULL};
    char *environment[] = {NULL};
    // dup2 onto itself would keep close-on-exec, hence the two ways.
    int placed = socket == VAULT_INHERITED_SOCKET ? fcntl(socket, F_SETFD, 0)
                                                  : dup2(socket, VAULT_INHERITED_SOCKET);
    if (placed >= 0 && vault_bind_life_to_launcher(launcher) == 0 &&
        syscall(SYS_close_range, VAULT_INHERITED_SOCKET + 1, ~0U, 0) == 0 && setsid() >= 0 &&
        sigprocmask(SIG_SETMASK, signals, NULL) == 0)
        execve("/proc/self/exe", arguments, environment);
    _exit(127);
}

// Starts one worker and leaves vaultd's end of its socket and its pidfd in `passed`.
static int start_worker(const char *name, const sigset_t *signals, int passed[2]) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    pid_t launcher = getpid();
    pid_t child = fork();
    if (child == 0) become_worker(name, ends[1], launcher, signals);
    close(ends[1]);
    // Not yet waited for, so the pid still means this child.
    int pidfd = child > 0 ? vault_pidfd_open(child) : -1;
    if (pidfd < 0) {
        int reason = errno;
        if (child > 0) kill(child, SIGKILL);
        close(ends[0]);
        errno = reason;
        return -1;
    }
    passed[0] = ends[0];
    passed[1] = pidfd;
    return 0;
}

// Answers one request. Returns how many workers it started, or -1 when vaultd cannot be told.
static int answer(const char *name, const sigset_t *signals, int refused) {
    unsigned char head[VAULT_LAUNCH_BYTES] = {'I', 'V', 'L', 1, VAULT_LAUNCH_STARTED, 0, 0, 0};
    int passed[VAULT_LAUNCH_DESCRIPTORS];
    if (refused || start_worker(name, signals, passed) != 0) {
        int reason = refused ? EAGAIN : errno;
        head[4] = VAULT_LAUNCH_REFUSED;
        head[6] = (unsigned char)(reason >> 8);
        head[7] = (unsigned char)reason;
        return vault_send_descriptors(VAULT_INHERITED_SOCKET, head, sizeof head, NULL, 0);
    }
    int sent = vault_send_descriptors(
        VAULT_INHERITED_SOCKET, head, sizeof head, passed, VAULT_LAUNCH_DESCRIPTORS);
    close(passed[0]);
    close(passed[1]);
    return sent == 0 ? 1 : -1;
}

// Returns how many children were waited for.
static int reap(int signals) {
    struct signalfd_siginfo ignored;
    while (read(signals, &ignored, sizeof ignored) > 0) continue;
    int ended = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0) ended++;
    return ended;
}

int vault_run_launcher(const char *worker_name, int living_limit) {
    // A service manager signals every process of a service when it stops it. vaultd still needs its
    // workers then, and they all end with it; ignored signals stay ignored through exec.
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigset_t child, before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (vault_harden_process(worker_name) != 0) return 71;
    if (sigprocmask(SIG_BLOCK, &child, &before) != 0) return 71;
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0 || fcntl(VAULT_INHERITED_SOCKET, F_SETFD, FD_CLOEXEC) != 0) return 71;
    for (int living = 0;;) {
        struct pollfd wait[2] = {
            {.fd = VAULT_INHERITED_SOCKET, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR) return 71;
        living -= reap(signals);
        // One that was killed before it counted was waited for all the same.
        if (living < 0) living = 0;
        if (!wait[0].revents) continue;
        unsigned char request[VAULT_LAUNCH_BYTES];
        ssize_t got = recv(VAULT_INHERITED_SOCKET, request, sizeof request, MSG_WAITALL);
        if (got == 0) return 0;
        if (got != sizeof request) return 65;
        if (memcmp(request, launch_request, sizeof request) != 0) return 65;
        int started = answer(worker_name, &before, living >= living_limit);
        if (started < 0) return 74;
        living += started;
    }
}
