// Preloaded into a daemon under test: while the file that FAILSWITCH_FILE names is there, the flushes of the
// catalog fail, where it has an f, or do not come back, where it has an h; and those of directories fail, where
// it has a d. Blobs and key files are flushed by another call than the catalog. No product has any of this: a
// test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char wanted(void) {
    const char *path = getenv("FAILSWITCH_FILE");
    char word = 0;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    if (read(file, &word, 1) != 1) word = 0;
    close(file);
    return word;
}

int fsync(int fd) {
    static int (*next)(int);
    struct stat facts;
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (wanted() == 'd' && fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        errno = EIO;
        return -1;
    }
    return next(fd);
}

int fdatasync(int fd) {
    static int (*next)(int);
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    while (wanted() == 'h') usleep(20000);
    if (wanted() == 'f') {
        errno = EIO;
        return -1;
    }
    return next(fd);
}
