// Preloaded into a daemon under test: while the file that FAILSWITCH_FILE names is there, the flushes of the
// catalog fail, where it has an f, or do not come back, where it has an h; those of its database alone, which a
// commit leaves to a checkpoint, where it has a c; and those of directories fail, where it has a d. Blobs and key files are flushed by another call than the catalog. No product has any of this: a
// test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int is_database(int fd) {
    static const char name[] = "/catalog.sqlite";
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    ssize_t ending = sizeof name - 1;
    return length > ending && memcmp(path + length - ending, name, ending) == 0;
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
    char word = wanted();
    if (word == 'f' || (word == 'c' && is_database(fd))) {
        errno = EIO;
        return -1;
    }
    return next(fd);
}
