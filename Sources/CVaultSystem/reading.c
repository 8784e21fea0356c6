// What Swift does not see of the C library: reading without waiting, and flushing a file system.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "CVaultSystem.h"

ssize_t vault_read_cached(int file, void *bytes, size_t count, off_t offset) {
    struct iovec target = {bytes, count};
    ssize_t got = preadv2(file, &target, 1, offset, RWF_NOWAIT);
    if (got < 0 && errno == EOPNOTSUPP) errno = EAGAIN;
    return got;
}

int vault_flush_file_system(int file) { return syncfs(file); }
