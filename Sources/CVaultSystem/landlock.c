// The wall around files, which needs no library: Landlock with no rule.
#define _GNU_SOURCE
#include "CVaultSystem.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Rights newer than the headers of the build machine, by their numbers in the kernel's interface.
enum {
    FILES_ABI_1 = 0x1fff,     // execute … make symlink
    FILES_REFER = 1 << 13,    // ABI 2
    FILES_TRUNCATE = 1 << 14, // ABI 3
    FILES_IOCTL = 1 << 15,    // ABI 5
    NET_BIND_CONNECT = 3,     // ABI 4
    SCOPE_SOCKET_SIGNAL = 3,  // ABI 6
};

struct ruleset {
    uint64_t files;
    uint64_t net;
    uint64_t scope;
};

int vault_wall_files(int *abi) {
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *abi = found > 0 ? (int)found : 0;
    if (found <= 0) return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
    struct ruleset rules = {.files = FILES_ABI_1};
    size_t size = offsetof(struct ruleset, net);
    if (found >= 2) rules.files |= FILES_REFER;
    if (found >= 3) rules.files |= FILES_TRUNCATE;
    if (found >= 4) rules.net = NET_BIND_CONNECT, size = offsetof(struct ruleset, scope);
    if (found >= 5) rules.files |= FILES_IOCTL;
    if (found >= 6) rules.scope = SCOPE_SOCKET_SIGNAL, size = sizeof rules;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) return -1;
    int raised = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (raised == 0) raised = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return raised;
}
