#pragma once
// What Swift cannot say about processes and descriptors. No function here parses anything that a
// caller of the vault sent, and nothing here links a library beyond the C one: vaultd links this.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Sends `length` bytes (at least one) together with `count` descriptors. 0, or -1 with errno.
int vault_send_descriptors(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count);

// Receives exactly `length` bytes and at most `*count` descriptors, close-on-exec, within
// `timeout_ms`, and leaves in `*count` how many came; whatever differs is an error, and nothing
// that arrived is left open then.
// 0, or -1 with errno (ETIMEDOUT, EPIPE at the end of the stream, EBADMSG for anything else odd).
int vault_receive_descriptors(
    int socket, void *bytes, size_t length, int *descriptors, size_t *count, int timeout_ms);

// Keeps every descriptor that is open now, but the standard three, from what this process executes:
// those it was started with, and those of libraries that do not see to it. 0, or -1 with errno.
int vault_close_on_exec(void);

// No core file, no tracing by the same uid, no privilege through exec, no group or world bits, no
// inherited descriptor for what is executed; and `name`, of at most 15 bytes, as what process lists
// show. 0, or -1 with errno.
int vault_harden_process(const char *name);

// Whether somebody keeps the system's clock right, as the kernel says (adjtimex): 1, 0, or -1 where nobody knows; and how
// many microseconds it may be wrong by. Nothing is adjusted.
int vault_clock_is_kept(long *error_microseconds);

// PR_GET_DUMPABLE: 0 where this process leaves no core file and is not traced by its own uid; -1 where nobody knows.
int vault_is_dumpable(void);

// Landlock with no rule: no path, no TCP port, no signal or abstract socket beyond the process, for good.
// Leaves the ABI it used in `abi` (0 where the kernel has none, which is no failure). 0 or -1.
int vault_wall_files(int *abi);

// Tells the allocator to keep buffers of a frame's size for the next request. Before any thread.
void vault_keep_buffers(void);
// Gives back to the system what the allocator keeps and nobody uses. Takes milliseconds.
void vault_give_memory_back(void);

// As pread, of what lies in the page cache; -1 with EAGAIN where a device would have to be waited
// for, or the file system cannot say.
ssize_t vault_read_cached(int file, void *bytes, size_t count, off_t offset);

// As syncfs: all of the file system that has `file` is flushed. 0 or -1 with errno.
int vault_flush_file_system(int file);

// Asks at the controlling terminal, without echo, for at most `room` bytes up to the end of a line.
// How many came, or -1 with errno (ENXIO without a terminal, ECANCELED after Ctrl-C, EMSGSIZE for
// more than there is room for) and `bytes` wiped.
ssize_t vault_ask_secret(const char *question, void *bytes, size_t room);

// Starts the program `words[0]` with its words, up to a null pointer, and with `text` to read on its standard
// input: no shell, no variable but PATH, no other descriptor but /dev/null, no blocked signal, in its own session.
// It shares no memory with this process from the moment that it runs. 0, or an errno.
int vault_spawn_command(char *const words[], const void *text, size_t length, pid_t *pid);

// Starts the program at `path` with its words, up to a null pointer, and with `output` as its standard output. It is in
// this process's group, so that a terminal's keys reach both and it may ask there, and no signal is ignored or blocked
// in it. 0, or an errno.
int vault_spawn_neighbour(const char *path, char *const words[], int output, pid_t *pid);

// Signals the process behind `pidfd`: no pid, so no pid that was given to somebody else.
int vault_pidfd_signal(int pidfd, int signal);
int vault_pidfd_open(pid_t pid);

// The descriptor on which a launcher is asked, and a worker serves. Every other one is closed.
enum { VAULT_INHERITED_SOCKET = 3 };

// One request to a launcher and the head of its answer have 8 bytes each: "IVL", version 1, what
// it is, zero, and an errno in two bytes. A worker that was started comes as two descriptors.
enum { VAULT_LAUNCH_BYTES = 8, VAULT_LAUNCH_DESCRIPTORS = 2 };
enum { VAULT_LAUNCH_PLEASE = 1, VAULT_LAUNCH_STARTED = 2, VAULT_LAUNCH_REFUSED = 3 };

// Starts `executable --launcher` with `socket` as its descriptor 3, /dev/null as the three before,
// no other descriptor, no environment, no blocked signal, in its own session. Safe beside threads.
// 0, or an errno.
int vault_spawn_launcher(const char *executable, int socket, pid_t *pid);

// Serves VAULT_INHERITED_SOCKET until its end: each request starts this same executable again as
// `worker_name --worker` and is answered with {socket, pidfd}. Returns an exit status.
// At most `living_limit` workers live at once. The process must have one thread.
int vault_run_launcher(const char *worker_name, int living_limit);

// First act of a worker: its life ends with the launcher's, whatever it is doing then.
// 0, or -1 when the launcher is already gone or the kernel refuses.
int vault_bind_life_to_launcher(pid_t launcher);
