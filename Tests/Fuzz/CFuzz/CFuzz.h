#pragma once
// What the targets need of libFuzzer and of the sanitizer's allocator.

#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutation, for a target that amends what it made. Returns the new length.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t capacity);

// Counts the heap from here on.
void fuzz_meter_start(void);

// The most bytes that lived at once since the start, beyond those that lived before it.
size_t fuzz_meter_peak(void);
