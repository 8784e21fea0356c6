#pragma once
// The walls of a worker, through libseccomp, rlimits and CVaultSystem's Landlock. One function a wall, so
// that a test can prove each by itself; vault_raise_walls raises all of them. vaultd does not link this.

#include <stdint.h>

// Which wall could not be raised; 0 is none. The worker's greeting carries the number.
enum vault_wall {
    VAULT_WALL_NONE = 0,
    VAULT_WALL_LIMITS = 1,
    VAULT_WALL_FILES = 2,
    VAULT_WALL_CALLS = 3,
};

struct vault_walls {
    uint64_t address_space_bytes;
    uint64_t cpu_seconds;
    int socket;  // the only descriptor that stays open and that may be read or written
};

// Memory, CPU time, no file growth, no new descriptor, no new process. 0 or -1.
int vault_wall_limits(const struct vault_walls *walls);

// The list of system calls a worker needs; any other kills the process. 0 or -1.
int vault_wall_calls(const struct vault_walls *walls);

// The three numbers of the library's version, as it says itself.
void vault_seccomp_version(uint32_t parts[3]);

// All of them, in this order, and every descriptor but the socket closed.
enum vault_wall vault_raise_walls(const struct vault_walls *walls, int *landlock_abi);
