// Preloaded into a daemon under test: its wall clock is OTHERWORLD_DAYS ahead, its SQLite is of the release that
// OTHERWORLD_SQLITE names, a connection of it is told what is in the file OTHERWORLD_CATALOG before it is asked how it
// deletes, and with OTHERWORLD_DUMPABLE it stays dumpable whatever it asks for. No product has any of this: a test
// compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = next(clock, time);
    const char *days = getenv("OTHERWORLD_DAYS");
    if (failed == 0 && clock == CLOCK_REALTIME && days) time->tv_sec += atol(days) * 86400;
    return failed;
}

const char *sqlite3_libversion(void) {
    static const char *(*next)(void);
    if (!next) next = (const char *(*)(void))dlsym(RTLD_NEXT, "sqlite3_libversion");
    const char *named = getenv("OTHERWORLD_SQLITE");
    return named ? named : next();
}

static void meddle(void *database, const char *sql) {
    static int (*exec)(void *, const char *, void *, void *, void *);
    const char *path = getenv("OTHERWORLD_CATALOG");
    char words[128];
    if (!path || !sql || strcmp(sql, "PRAGMA secure_delete") != 0) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t count = read(file, words, sizeof words - 1);
    close(file);
    if (count <= 0) return;
    words[count] = 0;
    if (!exec)
        exec = (int (*)(void *, const char *, void *, void *, void *))dlsym(
            RTLD_NEXT, "sqlite3_exec");
    exec(database, words, 0, 0, 0);
}

int sqlite3_prepare_v2(void *database, const char *sql, int length, void *statement, void *rest) {
    static int (*next)(void *, const char *, int, void *, void *);
    if (!next)
        next = (int (*)(void *, const char *, int, void *, void *))dlsym(
            RTLD_NEXT, "sqlite3_prepare_v2");
    meddle(database, sql);
    return next(database, sql, length, statement, rest);
}

int sqlite3_prepare_v3(
    void *database, const char *sql, int length, unsigned flags, void *statement, void *rest) {
    static int (*next)(void *, const char *, int, unsigned, void *, void *);
    if (!next)
        next = (int (*)(void *, const char *, int, unsigned, void *, void *))dlsym(
            RTLD_NEXT, "sqlite3_prepare_v3");
    meddle(database, sql);
    return next(database, sql, length, flags, statement, rest);
}

int prctl(int option, ...) {
    static int (*next)(int, unsigned long, unsigned long, unsigned long, unsigned long);
    unsigned long words[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++) words[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_DUMPABLE && getenv("OTHERWORLD_DUMPABLE")) return 0;
    if (!next)
        next = (int (*)(int, unsigned long, unsigned long, unsigned long, unsigned long))dlsym(
            RTLD_NEXT, "prctl");
    return next(option, words[0], words[1], words[2], words[3]);
}
