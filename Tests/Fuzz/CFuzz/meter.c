// The heap's peak during one run, from the sanitizer's hooks. One thread; a target starts no other.
#include "CFuzz.h"

#include <sanitizer/allocator_interface.h>

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

void fuzz_meter_start(void) {
    static int installed;
    if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    living = peak = 0;
    counting = 1;
}

size_t fuzz_meter_peak(void) {
    counting = 0;
    return (size_t)peak;
}
