// The walls themselves. Order: files, limits, calls; after the last nothing can be widened.
#define _GNU_SOURCE
#include "CSeccomp.h"
#include "CVaultSystem.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &limit);
}

int vault_wall_limits(const struct vault_walls *walls) {
    if (set_limit(RLIMIT_AS, walls->address_space_bytes) != 0) return -1;
    if (set_limit(RLIMIT_CPU, walls->cpu_seconds) != 0) return -1;
    if (set_limit(RLIMIT_CORE, 0) != 0 || set_limit(RLIMIT_FSIZE, 0) != 0) return -1;
    if (set_limit(RLIMIT_NPROC, 0) != 0 || set_limit(RLIMIT_MEMLOCK, 0) != 0) return -1;
    return set_limit(RLIMIT_NOFILE, 0);
}

static int allow(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

// read, write: on the one socket. mmap: fresh memory that never becomes code.
static int allow_with_arguments(scmp_filter_ctx filter, int socket) {
    struct scmp_arg_cmp on_socket = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)socket);
    struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    struct scmp_arg_cmp no_file = SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, on_socket) != 0) return -1;
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, on_socket) != 0) return -1;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_code, no_file);
}

// Memory, the clock, the end; futex and gettid for the Swift runtime's locks, getrandom for the
// seed of its hashes. No signal call: abort() ends the process through the filter.
static const int plain_calls[] = {
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(getrusage),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

int vault_wall_calls(const struct vault_walls *walls) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return -1;
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0;
    for (size_t i = 0; !failed && i < sizeof plain_calls / sizeof *plain_calls; i++)
        failed = allow(filter, plain_calls[i]) != 0;
    failed = failed || allow_with_arguments(filter, walls->socket) != 0;
    failed = failed || seccomp_load(filter) != 0;
    seccomp_release(filter);
    return failed ? -1 : 0;
}

void vault_seccomp_version(uint32_t parts[3]) {
    const struct scmp_version *version = seccomp_version();
    parts[0] = version ? version->major : 0;
    parts[1] = version ? version->minor : 0;
    parts[2] = version ? version->micro : 0;
}

enum vault_wall vault_raise_walls(const struct vault_walls *walls, int *landlock_abi) {
    // Landlock and the filter need descriptors of their own for a moment: they come first there.
    if (vault_wall_files(landlock_abi) != 0) return VAULT_WALL_FILES;
    for (int descriptor = 0; descriptor < walls->socket; descriptor++) close(descriptor);
    long closed = syscall(SYS_close_range, (unsigned)walls->socket + 1, ~0U, 0);
    if (closed != 0 || vault_wall_limits(walls) != 0) return VAULT_WALL_LIMITS;
    return vault_wall_calls(walls) == 0 ? VAULT_WALL_NONE : VAULT_WALL_CALLS;
}
