// How the C library's allocator treats buffers of an image's size.

#include "CVaultSystem.h"

#include <malloc.h>

// A frame's buffer comes and goes with every request. By default each would be mapped and unmapped,
// and touching fresh pages costs more than the cipher: keep them, in few arenas, up to a bound.
void vault_keep_buffers(void) {
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
    mallopt(M_ARENA_MAX, 2);
}

void vault_give_memory_back(void) { malloc_trim(0); }
