// Another program of ours, that does a part of what this one was asked for.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

static int describe(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int failed = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    failed |= posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    return failed | posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

int vault_spawn_neighbour(const char *path, char *const words[], int output, pid_t *pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int failed = describe(&files, &attributes, output) != 0 ? ENOMEM : 0;
    if (failed == 0) failed = posix_spawn(pid, path, &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}
