// Asking a person for a secret: the terminal shows nothing of it, and is as it was afterwards.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { INTERRUPT = 3, END = 4, BACKSPACE = 8, KILL = 21, DELETE = 127 };

// Drops the last character, which in UTF-8 may be several bytes.
static size_t without_last(unsigned char *bytes, size_t count) {
    while (count > 0 && (bytes[--count] & 0xC0) == 0x80) bytes[count] = 0;
    bytes[count] = 0;
    return count;
}

static ssize_t read_line(int terminal, unsigned char *bytes, size_t room) {
    size_t count = 0;
    for (;;) {
        unsigned char key;
        ssize_t got = read(terminal, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0 || key == '\r' || key == '\n' || key == END) return (ssize_t)count;
        if (key == INTERRUPT) return errno = ECANCELED, -1;
        if (key == BACKSPACE || key == DELETE) count = without_last(bytes, count);
        else if (key == KILL) explicit_bzero(bytes, room), count = 0;
        else if (count < room) bytes[count++] = key;
        else return errno = EMSGSIZE, -1;
    }
}

ssize_t vault_ask_secret(const char *question, void *bytes, size_t room) {
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return -1;
    struct termios before, silent;
    ssize_t count = -1;
    if (tcgetattr(terminal, &before) == 0) {
        silent = before;
        // Key by key and without signals: whatever is pressed, this returns and restores the terminal.
        silent.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
        silent.c_cc[VMIN] = 1;
        silent.c_cc[VTIME] = 0;
        if (tcsetattr(terminal, TCSAFLUSH, &silent) == 0) {
            if (write(terminal, question, strlen(question)) >= 0)
                count = read_line(terminal, bytes, room);
            int reason = errno;
            (void)!write(terminal, "\n", 1);
            tcsetattr(terminal, TCSAFLUSH, &before);
            errno = reason;
        }
    }
    if (count < 0) explicit_bzero(bytes, room);
    int reason = errno;
    close(terminal);
    errno = reason;
    return count;
}
