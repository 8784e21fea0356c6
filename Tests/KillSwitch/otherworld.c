// Preloaded into a daemon under test: its wall clock is OTHERWORLD_DAYS ahead, and its SQLite is of the release that
// OTHERWORLD_SQLITE names. No product has any of this: a test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

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
