// Preloaded into a daemon under test: kills it before the n-th call that makes something durable, or takes a
// name away. n stands in the file that KILLSWITCH_FILE names; calls are counted from when it is there. No
// product has any of this: a test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long left = -1;

static void pass(void) {
    if (atomic_load(&left) < 0) {
        const char *path = getenv("KILLSWITCH_FILE");
        FILE *file = path ? fopen(path, "re") : NULL;
        if (!file) return;
        long count = 0;
        if (fscanf(file, "%ld", &count) != 1) count = 0;
        fclose(file);
        long none = -1;
        if (count > 0) atomic_compare_exchange_strong(&left, &none, count);
        if (atomic_load(&left) < 0) return;
    }
    if (atomic_fetch_sub(&left, 1) == 1) kill(getpid(), SIGKILL);
    // Never below zero, which means "not armed".
    if (atomic_load(&left) < 0) atomic_store(&left, 1L << 40);
}

#define INTERPOSE(name, parameters, arguments)                     \
    int name parameters {                                          \
        static int(*next) parameters;                              \
        if (!next) next = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
        pass();                                                    \
        return next arguments;                                     \
    }

INTERPOSE(fsync, (int fd), (fd))
INTERPOSE(fdatasync, (int fd), (fd))
INTERPOSE(rename, (const char *from, const char *to), (from, to))
INTERPOSE(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
INTERPOSE(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
INTERPOSE(unlink, (const char *path), (path))
INTERPOSE(unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
