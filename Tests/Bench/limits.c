// limits DIR SECONDS: what this machine can do at most, for Tools/bench micro: OpenSSL's hash and cipher, libsodium's
// wrapping, libmagic, copies, raw files and raw SQLite, each in warm buffers and without anything around it. Prints
// JSON: nanoseconds of processor time for one call, and calls a second where something is waited for.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 256 << 10, PIECE = 64 << 10, LARGEST = 10000000, BLOCKS = 15 };

static const struct { const char *name; size_t bytes; } SIZES[] = {
  {"200k", 200000}, {"1m", 1000000}, {"10m", 10000000},
};
static double seconds;
static const char *directory;
static uint8_t *image, *copy;  // LARGEST bytes each, and room for tags
static const char *comma = "";

static void die(const char *what) {
  fprintf(stderr, "limits: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall(void) { return read_clock(CLOCK_MONOTONIC); }
static double spent(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

static void tell(const char *name, const char *size, size_t bytes, double nanoseconds, double rate) {
  printf("%s\n{\"name\":\"%s%s%s\",\"bytes\":%zu,\"nanoseconds\":%.1f", comma, name, *size ? " " : "", size, bytes, nanoseconds);
  if (rate > 0) printf(",\"rate\":%.1f", rate);
  printf("}");
  comma = ",";
}

static int order(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

// The median of blocks of calls, in processor time.
static void measure(const char *name, const char *size, size_t bytes, void (*body)(size_t)) {
  body(bytes);
  double begun = spent(), once, blocks[BLOCKS];
  body(bytes);
  once = spent() - begun;
  long calls = (long)(seconds / BLOCKS / (once > 1e-8 ? once : 1e-8));
  if (calls < 1) calls = 1;
  for (int i = 0; i < BLOCKS; i++) {
    begun = spent();
    for (long n = 0; n < calls; n++) body(bytes);
    blocks[i] = (spent() - begun) / (double)calls * 1e9;
  }
  qsort(blocks, BLOCKS, sizeof *blocks, order);
  tell(name, size, bytes, blocks[BLOCKS / 2], 0);
}

// What is waited for: processor time and rate by the wall clock.
static void wait_for(const char *name, const char *size, size_t bytes, void (*body)(size_t), size_t argument, int units) {
  body(argument);
  const double begun = wall(), cpu = spent();
  long calls = 0;
  while (wall() < begun + seconds) body(argument), calls++;
  const double each = 1 / ((double)calls * units);
  tell(name, size, bytes, (spent() - cpu) * each * 1e9, 1 / ((wall() - begun) * each));
}

// Bytes

static EVP_MD_CTX *hash;
static EVP_CIPHER_CTX *cipher;
static uint8_t key[32], nonce[24], tags[64][16];

static void run_hash(size_t bytes) {
  uint8_t digest[32];
  EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
  for (size_t at = 0; at < bytes; at += PIECE) EVP_DigestUpdate(hash, image + at, bytes - at < PIECE ? bytes - at : PIECE);
  EVP_DigestFinal_ex(hash, digest, NULL);
}

static void run_seal(size_t bytes) {
  uint8_t header[32] = {0};
  int count;
  for (size_t at = 0, frame = 0; at < bytes; at += FRAME, frame++) {
    nonce[0] = (uint8_t)frame;
    EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce);
    EVP_EncryptUpdate(cipher, NULL, &count, header, sizeof header);
    EVP_EncryptUpdate(cipher, copy + at, &count, image + at, (int)(bytes - at < FRAME ? bytes - at : FRAME));
    EVP_EncryptFinal_ex(cipher, copy + at, &count);
    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, tags[frame]);
  }
}

static uint8_t opened[FRAME];

static void run_open(size_t bytes) {
  uint8_t header[32] = {0};
  int count;
  for (size_t at = 0, frame = 0; at < bytes; at += FRAME, frame++) {
    nonce[0] = (uint8_t)frame;
    EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce);
    EVP_DecryptUpdate(cipher, NULL, &count, header, sizeof header);
    EVP_DecryptUpdate(cipher, opened, &count, copy + at, (int)(bytes - at < FRAME ? bytes - at : FRAME));
    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, 16, tags[frame]);
    if (EVP_DecryptFinal_ex(cipher, opened, &count) != 1) die("open");
  }
}

static void run_copy(size_t bytes) {
  for (size_t at = 0; at < bytes; at += FRAME) memcpy(opened, image + at, bytes - at < FRAME ? bytes - at : FRAME);
  __asm__ volatile("" ::: "memory");
}

// What a buffer costs that nobody kept: the kernel gives each page anew.
static void run_fresh(size_t bytes) {
  uint8_t *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) die("mmap");
  memcpy(pages, image, bytes);
  munmap(pages, bytes);
}

static void run_search(size_t bytes) {
  // Behind the first bytes, which have some.
  if (memchr(image + 64, 0, bytes)) die("search");
}

static magic_t magic;

static void run_sniff(size_t bytes) {
  if (!magic_buffer(magic, image, bytes)) die("magic");
}

// Keys

static uint8_t wrapped[48], plain[32];

static void run_wrap(size_t bytes) {
  static const uint8_t context[100];
  randombytes_buf(nonce, sizeof nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped, NULL, key, bytes, context, sizeof context, NULL, nonce, key);
}

static void run_unwrap(size_t bytes) {
  static const uint8_t context[100];
  (void)bytes;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, wrapped, 48, context, sizeof context, nonce, key) != 0)
    die("unwrap");
}

static void run_derive(size_t bytes) {
  static const uint8_t context[200];
  uint8_t out[64];
  crypto_generichash(out, sizeof out, context, bytes, key, sizeof key);
}

// Files

static int folder, kept;

static void run_write(size_t bytes) {
  char name[] = "limit";
  const int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 || write(file, image, bytes) != (ssize_t)bytes || fsync(file) != 0 || fsync(folder) != 0) die("write");
  close(file);
  unlinkat(folder, name, 0);
}

static void run_read(size_t bytes) {
  for (size_t at = 0; at < bytes; at += FRAME) {
    const size_t run = bytes - at < FRAME ? bytes - at : FRAME;
    if (pread(kept, opened, run, (off_t)at) != (ssize_t)run) die("read");
  }
}

// SQLite

static sqlite3 *database;
static sqlite3_stmt *insert, *look, *begin, *commit;
static uint64_t serial;

static void sql(int status) {
  if (status != SQLITE_OK && status != SQLITE_DONE && status != SQLITE_ROW) {
    fprintf(stderr, "limits: SQLite: %s\n", sqlite3_errmsg(database));
    exit(1);
  }
}

static sqlite3_stmt *prepared(const char *text) {
  sqlite3_stmt *statement;
  sql(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
  return statement;
}

static int synchronous(void) {
  sqlite3_stmt *statement = prepared("PRAGMA synchronous");
  sql(sqlite3_step(statement));
  const int level = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return level;
}

static void open_database(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/limits.sqlite", directory);
  sql(sqlite3_open(path, &database));
  sql(sqlite3_exec(database,
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "CREATE TABLE row (id INTEGER PRIMARY KEY, name BLOB UNIQUE, other BLOB, body BLOB);"
      "CREATE INDEX other ON row (other)", NULL, NULL, NULL));
  if (synchronous() < 2) die("synchronous");
  insert = prepared("INSERT INTO row (name, other, body) VALUES (?, ?, ?)");
  look = prepared("SELECT other, body FROM row WHERE name = ?");
  begin = prepared("BEGIN IMMEDIATE");
  commit = prepared("COMMIT");
}

static void run_statement(sqlite3_stmt *statement) {
  sql(sqlite3_step(statement));
  sql(sqlite3_reset(statement));
}

// Names that lie anywhere in the index, and can be made again.
static void name_of(uint64_t number, uint8_t name[32]) {
  for (int i = 0; i < 4; i++) {
    number = (number + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    number ^= number >> 29;
    memcpy(name + 8 * i, &number, 8);
  }
}

static void run_insert(size_t rows) {
  uint8_t name[32];
  run_statement(begin);
  for (size_t i = 0; i < rows; i++) {
    name_of(serial++, name);
    sqlite3_bind_blob(insert, 1, name, 32, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 2, name + 16, 16, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 3, image, 350, SQLITE_STATIC);
    run_statement(insert);
  }
  run_statement(commit);
}

static void run_look(size_t rows) {
  static uint64_t next;
  uint8_t name[32];
  (void)rows;
  next = (next + 7919) % serial;
  name_of(next, name);
  sqlite3_bind_blob(look, 1, name, 32, SQLITE_STATIC);
  if (sqlite3_step(look) != SQLITE_ROW || sqlite3_column_bytes(look, 1) != 350) die("look");
  sqlite3_reset(look);
}

// Another process: it is woken, sees the image in memory that both have, and answers.

static int ends[2], shared;

static void run_isolated(size_t bytes) {
  uint8_t byte = 1;
  if (pwrite(shared, image, bytes, 0) != (ssize_t)bytes || write(ends[0], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
    die("isolation");
}

static void isolate(size_t bytes) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) die("socketpair");
  shared = memfd_create("limits", MFD_CLOEXEC);
  fflush(stdout);
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    uint8_t byte;
    close(ends[0]);
    while (read(ends[1], &byte, 1) == 1) {
      uint8_t *seen = mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, shared, 0);
      byte = seen[bytes - 1];
      munmap(seen, bytes);
      if (write(ends[1], &byte, 1) != 1) break;
    }
    _exit(0);
  }
  close(ends[1]);
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  const double begun = wall(), cpu = spent();
  long calls = 0;
  while (wall() < begun + seconds) run_isolated(bytes), calls++;
  const double rate = (double)calls / (wall() - begun);
  const double own = spent() - cpu;
  close(ends[0]);
  waitpid(child, NULL, 0);
  getrusage(RUSAGE_CHILDREN, &after);
  const double other = (double)(after.ru_utime.tv_sec + after.ru_stime.tv_sec) + (double)(after.ru_utime.tv_usec + after.ru_stime.tv_usec) / 1e6;
  tell("another process", "", bytes, (own + other) / (double)calls * 1e9, rate);
}

int main(int count, char **words) {
  if (count != 3 || (seconds = atof(words[2])) <= 0) {
    fputs("usage: limits DIR SECONDS\n", stderr);
    return 64;
  }
  directory = words[1];
  if (sodium_init() < 0) die("libsodium");
  image = malloc(LARGEST + 16), copy = malloc(LARGEST + 16);
  hash = EVP_MD_CTX_new(), cipher = EVP_CIPHER_CTX_new();
  magic = magic_open(MAGIC_MIME_TYPE);
  folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!image || !copy || !hash || !cipher || !magic || magic_load(magic, NULL) != 0 || folder < 0) die("start");
  // Random, without the byte that the search looks for, and with a JPEG's first bytes.
  randombytes_buf_deterministic(image, LARGEST, key);
  for (size_t i = 0; i < LARGEST; i++) if (image[i] == 0) image[i] = 1;
  memcpy(image, "\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", 20);
  memset(copy, 1, LARGEST + 16);

  printf("[");
  for (size_t i = 0; i < 3; i++) {
    const char *size = SIZES[i].name;
    const size_t bytes = SIZES[i].bytes;
    measure("hash", size, bytes, run_hash);
    measure("seal", size, bytes, run_seal);
    measure("open", size, bytes, run_open);
    measure("copy", size, bytes, run_copy);
    measure("fresh pages", size, bytes, run_fresh);
    wait_for("file written", size, bytes, run_write, bytes, 1);
    kept = openat(folder, "kept", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (kept < 0 || write(kept, image, bytes) != (ssize_t)bytes) die("kept");
    measure("file read", size, bytes, run_read);
    close(kept);
  }
  unlinkat(folder, "kept", 0);
  measure("search", "1m", 1000000, run_search);
  measure("sniff", "", 4096, run_sniff);
  measure("wrap", "", 32, run_wrap);
  measure("unwrap", "", 32, run_unwrap);
  measure("derive", "", 120, run_derive);
  open_database();
  wait_for("commit", "@1", 0, run_insert, 1, 1);
  wait_for("commit", "@16", 0, run_insert, 16, 16);
  wait_for("commit", "@64", 0, run_insert, 64, 64);
  if (synchronous() < 2) die("synchronous");
  // As many rows as the other side's catalog has.
  while (serial < 10000) run_insert(1000);
  measure("row read", "", 0, run_look);
  isolate(200000);
  puts("\n]");
  return 0;
}
