// The heap's peak during one run, from the sanitizer's hooks, and the end of a run that spins. One
// thread; a target starts no other.
#define _GNU_SOURCE
#include "CFuzz.h"

#include <sanitizer/allocator_interface.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static long long living, peak;
static int counting;

static void on_malloc(const volatile void *block, size_t size) {
    (void)block;
    if (!counting) return;
    living += (long long)size;
    if (living > peak) peak = living;
}

static void on_free(const volatile void *block) {
    if (counting && block) living -= (long long)__sanitizer_get_allocated_size(block);
}

// libFuzzer keeps the input of a run that aborts.
static void on_time(int signal) {
    (void)signal;
    abort();
}

static void set_timer(int seconds) {
    struct itimerval time = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_PROF, &time, NULL);
}

void fuzz_meter_start(int seconds) {
    static int installed;
    if (!installed) {
        installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
        signal(SIGPROF, on_time);
    }
    living = peak = 0;
    counting = 1;
    set_timer(seconds);
}

size_t fuzz_meter_peak(void) {
    counting = 0;
    set_timer(0);
    return (size_t)peak;
}
