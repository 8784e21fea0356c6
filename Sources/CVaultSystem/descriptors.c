// Passing descriptors over a Unix socket, where exactly what is expected must arrive.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_AT_MOST = 4 };

typedef union {
    char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_AT_MOST)];
    struct cmsghdr aligned;
} control_room;

int vault_send_descriptors(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    if (count > DESCRIPTORS_AT_MOST || length == 0) {
        errno = EINVAL;
        return -1;
    }
    control_room control = {{0}};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0 && (size_t)sent != length) errno = EMSGSIZE;
    return sent >= 0 && (size_t)sent == length ? 0 : -1;
}

// Copies up to `room` descriptors out of a message and closes the rest. Returns how many came.
static size_t take_descriptors(struct msghdr *message, int *descriptors, size_t room) {
    size_t seen = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++, seen++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(head) + i * sizeof(int), sizeof descriptor);
            if (seen < room) descriptors[seen] = descriptor;
            else close(descriptor);
        }
    }
    return seen;
}

static int wait_readable(int socket, int timeout_ms) {
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    int ready;
    // A signal starts the wait anew; vaultd's signals are few, and the bound stays a bound.
    do {
        ready = poll(&wait, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) errno = ETIMEDOUT;
    return ready > 0 ? 0 : -1;
}

int vault_receive_descriptors(
    int socket, void *bytes, size_t length, int *descriptors, size_t *count, int timeout_ms) {
    size_t room = *count;
    *count = 0;
    if (room > DESCRIPTORS_AT_MOST) {
        errno = EINVAL;
        return -1;
    }
    if (wait_readable(socket, timeout_ms) != 0) return -1;
    control_room control = {{0}};
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return -1;
    size_t seen = take_descriptors(&message, descriptors, room);
    if ((size_t)got == length && seen <= room && !(message.msg_flags & MSG_CTRUNC)) {
        *count = seen;
        return 0;
    }
    for (size_t i = 0; i < seen && i < room; i++) close(descriptors[i]);
    errno = got == 0 ? EPIPE : EBADMSG;
    return -1;
}
