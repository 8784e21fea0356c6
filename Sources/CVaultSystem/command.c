// Other programs: a command of the admin's choice, which gets a text and nothing else of the daemon's; and one of ours that
// does a part of what this one was asked for.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

// With no signal ignored or blocked. `files` is done with afterwards.
static int start(
    const char *path, char *const words[], char *const environment[], posix_spawn_file_actions_t *files, int failed,
    short flags, pid_t *pid
) {
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(files);
        return ENOMEM;
    }
    failed |= posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    failed |= posix_spawnattr_setsigdefault(&attributes, &all);
    failed |= posix_spawnattr_setsigmask(&attributes, &none);
    failed |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | flags);
    failed = failed ? ENOMEM : posix_spawn(pid, path, files, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(files);
    return failed;
}

static int spawn(char *const words[], int input, pid_t *pid) {
    posix_spawn_file_actions_t files;
    char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    int failed = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    for (int standard = STDOUT_FILENO; standard <= STDERR_FILENO; standard++)
        failed |= posix_spawn_file_actions_addopen(&files, standard, "/dev/null", O_WRONLY, 0);
    return start(words[0], words, environment, &files, failed, POSIX_SPAWN_SETSID, pid);
}

int vault_spawn_neighbour(const char *path, char *const words[], int output, pid_t *pid) {
    posix_spawn_file_actions_t files;
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    int failed = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    return start(path, words, environ, &files, failed, 0, pid);
}

int vault_spawn_command(char *const words[], const void *text, size_t length, pid_t *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
    // Before anybody reads: what a pipe does not hold at once is refused, and nobody is waited for.
    ssize_t written = write(ends[1], text, length);
    int failed = written == (ssize_t)length ? 0 : EMSGSIZE;
    close(ends[1]);
    // The reader finds an ordinary pipe.
    if (failed == 0 && fcntl(ends[0], F_SETFL, 0) != 0) failed = errno;
    if (failed == 0) failed = spawn(words, ends[0], pid);
    close(ends[0]);
    return failed;
}
