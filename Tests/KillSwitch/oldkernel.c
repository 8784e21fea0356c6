// Preloaded into a daemon under test: a kernel that gives no descriptor of the process at the other end of a
// socket, as before Linux 6.5. No product has any of this: a test compiles it and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

enum { PEER_DESCRIPTOR = 77 }; // SO_PEERPIDFD

int getsockopt(int socket, int level, int name, void *value, socklen_t *length) {
    static int (*next)(int, int, int, void *, socklen_t *);
    if (!next) next = (int (*)(int, int, int, void *, socklen_t *))dlsym(RTLD_NEXT, "getsockopt");
    if (level == SOL_SOCKET && name == PEER_DESCRIPTOR) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return next(socket, level, name, value, length);
}
