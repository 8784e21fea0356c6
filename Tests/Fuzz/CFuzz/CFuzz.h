#pragma once
// What the targets need of libFuzzer and of the sanitizer's allocator.

#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutation, for a target that amends what it made. Returns the new length.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t capacity);

// Counts the heap from here on, and aborts after so many seconds of CPU: a paused or crowded machine
// does not count.
void fuzz_meter_start(int seconds);

// Ends the count: the most bytes that lived at once since the start, beyond those before it.
size_t fuzz_meter_peak(void);
