// Preloaded into a daemon under test: its wall clock runs FASTCLOCK_TIMES as fast as the machine's, from the moment
// FASTCLOCK_FROM on, in seconds since 1970. So a log has an hour of its own in some minutes, with times that the
// daemon itself read. Clocks that never step stay as they are: nobody waits longer or shorter for it. No product has
// any of this: a tool compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static double fast(double now) {
    static double from, times;
    if (times == 0) {
        const char *text = getenv("FASTCLOCK_FROM"), *factor = getenv("FASTCLOCK_TIMES");
        from = text ? atof(text) : 0;
        times = factor && atof(factor) > 0 ? atof(factor) : 1;
    }
    return now < from ? now : from + (now - from) * times;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failure = next(clock, time);
    if (failure == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        // Whole microseconds are exact in a double until the year 2255.
        double now = fast((double)time->tv_sec + (double)time->tv_nsec / 1e9);
        time->tv_sec = (time_t)now;
        time->tv_nsec = (long)((now - (double)time->tv_sec) * 1e6) * 1000;
    }
    return failure;
}
