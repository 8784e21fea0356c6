// Preloaded into a daemon under test: counts the calls that make something durable, or take a name away, and
// kills the daemon before one of them. The file that KILLSWITCH_FILE names has two numbers of 64 bits: which
// call is the last, or zero for none, and how many there were. Calls are counted from when it is there. No
// product has any of this: a test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// A page of the file itself, so that the count outlives the kill.
struct counter {
    _Atomic int64_t last, passed;
};

static struct counter *_Atomic armed;

static struct counter *arm(void) {
    const char *path = getenv("KILLSWITCH_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    struct stat facts;
    void *page = MAP_FAILED;
    if (file >= 0 && fstat(file, &facts) == 0 && facts.st_size == sizeof(struct counter))
        page = mmap(NULL, sizeof(struct counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    if (page == MAP_FAILED) return NULL;
    // Two threads that come at once map the same page twice.
    atomic_store(&armed, page);
    return page;
}

static void pass(void) {
    struct counter *counter = atomic_load(&armed);
    if (!counter && !(counter = arm())) return;
    if (atomic_fetch_add(&counter->passed, 1) + 1 == atomic_load(&counter->last)) {
        kill(getpid(), SIGKILL);
        pause();
    }
}

#define INTERPOSE(name, parameters, arguments)                     \
    int name parameters {                                          \
        static int(*next) parameters;                              \
        if (!next) next = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
        pass();                                                    \
        return next arguments;                                     \
    }

INTERPOSE(fsync, (int fd), (fd))
INTERPOSE(fdatasync, (int fd), (fd))
INTERPOSE(rename, (const char *from, const char *to), (from, to))
INTERPOSE(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
INTERPOSE(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
INTERPOSE(unlink, (const char *path), (path))
INTERPOSE(unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
