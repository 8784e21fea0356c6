// load SOCKET vault|peer IMAGES INDEX CLIENTS: what drives a service for Tools/bench, as cheaply as it can.
//
// One thread, CLIENTS connections, on each one request at a time. IMAGES are images end to end; a line of INDEX has of
// one: where it begins, its bytes, where its stamp is. A stamp makes each upload another image; it is written beside
// the image's bytes, which are never copied. Commands come on standard input, one a line, and each is answered by one
// line of JSON when it is done:
//
//   put|get|range|list|delete SECONDS [MOST]    as many as can be in that time, at most MOST
//   fill COUNT                                  that many put
//
// One file, though a long one: the benches compile a program of one file where it is missing, and nothing links it.
//
// Every byte that comes back is compared with what was sent. Times are in nanoseconds in buckets whose width is at
// most 1/64 of the time; Tools/bench_figures.py has the way back.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  NONCE = 16,          // bytes of a stamp, hexadecimal
  JPEG_AT = 24,        // where a JPEG's stamp is; every other image is a PNG, whose stamp ends with a checksum
  LISTED = 100,        // images that a page of a list may have
  RANGE = 64 << 10,    // bytes asked for at once, or half an image where that is less
  HEAD = 16 << 10,     // bytes that the head of an answer may have
  COLLECTED = 4 << 20, // bytes of a body that is looked at as a whole
  BUCKETS = 60 * 64,
  FAILURES = 50,       // after so many a command ends
};

enum work { PUT, GET, GET_RANGE, LIST, DELETE, WORKS };
static const char *const WORDS[WORKS] = {"put", "get", "range", "list", "delete"};

struct image { const uint8_t *bytes; uint32_t size, at; };
struct stored { char id[65]; uint32_t image; uint8_t stamp[NONCE + 4]; };

struct client {
  int fd;
  bool is_busy, waits_to_write;
  uint64_t begun;
  struct stored of;             // the image that the request is about
  char head[1024];
  struct iovec out[4];          // what is still to be sent
  int first, parts;
  uint8_t answer[HEAD];         // the answer's head, and what came with it
  size_t got;
  bool in_body;
  int status;
  uint64_t length, seen, from;  // of the body; `from` is where a range begins
  uint8_t *body;                // a body that is collected
};

static const char *path;
static bool is_peer;
static struct image *images;
static uint32_t image_count;
static struct stored *stored;
static size_t stored_count, stored_room;
static struct client *clients;
static int client_count, queue;
static uint64_t chance, serial;
static uint8_t scratch[256 << 10];

// Of the command that runs.
static enum work work;
static uint64_t deadline, left, done, failed, moved, buckets[BUCKETS], longest;
static char failure[200];

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static uint64_t draw(void) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  return chance ^= chance << 17;
}

static uint32_t crc32_of(const uint8_t *bytes, size_t count, uint32_t crc) {
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return crc;
}

static size_t stamp_bytes(const struct image *image) { return image->at == JPEG_AT ? NONCE : NONCE + 4; }

static void make_stamp(uint8_t stamp[NONCE + 4]) {
  char text[NONCE + 1];
  snprintf(text, sizeof text, "%08x%08x", (uint32_t)draw(), (uint32_t)serial++);
  memcpy(stamp, text, NONCE);
  const uint32_t crc = ~crc32_of(stamp, NONCE, crc32_of((const uint8_t *)"tEXtComment", 12, ~0u));
  for (int i = 0; i < 4; i++) stamp[NONCE + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void fail(struct client *client, const char *form, ...) __attribute__((format(printf, 2, 3)));

// Whether `count` bytes are those of the image from `from` on.
static bool is_same(const struct stored *of, uint64_t from, const uint8_t *bytes, size_t count) {
  const struct image *image = &images[of->image];
  const uint64_t stamp_end = image->at + stamp_bytes(image);
  if (from + count > image->size) return false;
  while (count > 0) {
    size_t run = count;
    const uint8_t *wanted = image->bytes + from;
    if (from < image->at) {
      if (run > image->at - from) run = image->at - from;
    } else if (from < stamp_end) {
      if (run > stamp_end - from) run = stamp_end - from;
      wanted = of->stamp + (from - image->at);
    }
    if (memcmp(bytes, wanted, run) != 0) return false;
    bytes += run, from += run, count -= run;
  }
  return true;
}

static void open_client(struct client *client) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, die(path);
  strcpy(address.sun_path, path);
  client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0) die(path);
  fcntl(client->fd, F_SETFL, O_NONBLOCK);
  client->waits_to_write = false;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (epoll_ctl(queue, EPOLL_CTL_ADD, client->fd, &event) != 0) die("epoll");
}

static void fail(struct client *client, const char *form, ...) {
  if (failed++ == 0) {
    va_list rest;
    va_start(rest, form);
    vsnprintf(failure, sizeof failure, form, rest);
    va_end(rest);
    // It goes into a string of JSON.
    for (char *c = failure; *c; c++) if (*c == '"' || *c == '\\' || *c < ' ' || *c > '~') *c = '\'';
  }
  client->is_busy = false;
  close(client->fd);
  open_client(client);
}

static void count_time(uint64_t nanoseconds) {
  int shift = 0;
  if (nanoseconds >= 128) shift = 57 - __builtin_clzll(nanoseconds);
  size_t bucket = (size_t)shift * 64 + (nanoseconds >> shift);
  buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  if (nanoseconds > longest) longest = nanoseconds;
}

static void add_part(struct client *client, const void *bytes, size_t count) {
  if (count > 0) client->out[client->parts++] = (struct iovec){(void *)bytes, count};
}

static void send_rest(struct client *client) {
  while (client->first < client->parts) {
    ssize_t sent = writev(client->fd, client->out + client->first, client->parts - client->first);
    if (sent < 0 && errno == EINTR) continue;
    const bool is_full = sent < 0 && errno == EAGAIN;
    // An early refusal is still to be read.
    if (sent < 0 && errno == EPIPE) return;
    if (sent < 0 && !is_full) return fail(client, "%s: %s", WORDS[work], strerror(errno));
    if (is_full != client->waits_to_write) {
      struct epoll_event event = {.events = is_full ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = client};
      epoll_ctl(queue, EPOLL_CTL_MOD, client->fd, &event);
      client->waits_to_write = is_full;
    }
    if (is_full) return;
    for (size_t rest = (size_t)sent; rest > 0;) {
      struct iovec *part = &client->out[client->first];
      const size_t run = rest < part->iov_len ? rest : part->iov_len;
      part->iov_base = (char *)part->iov_base + run, part->iov_len -= run, rest -= run;
      if (part->iov_len == 0) client->first++;
    }
  }
  if (client->waits_to_write) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(queue, EPOLL_CTL_MOD, client->fd, &event);
    client->waits_to_write = false;
  }
}

// Asks the next thing, if there is one.
static void ask(struct client *client) {
  const bool is_over = left == 0 || failed >= FAILURES || now() >= deadline;
  if (is_over || (work != PUT && work != LIST && stored_count == 0)) return;
  left--;
  client->first = client->parts = client->got = client->seen = client->from = 0;
  client->in_body = false;
  client->is_busy = true;
  struct stored *of = &client->of;
  if (work == PUT) {
    of->image = (uint32_t)(draw() % image_count);
    make_stamp(of->stamp);
  } else if (work != LIST) {
    const size_t which = draw() % stored_count;
    *of = stored[which];
    if (work == DELETE) stored[which] = stored[--stored_count];
  }
  const struct image *image = &images[of->image];
  int size = 0;
  switch (work) {
  case PUT: {
    const char *ending = image->at == JPEG_AT ? "jpg" : "png";
    size = is_peer
        ? snprintf(client->head, sizeof client->head,
            "POST /v1/images?name=img-%.16s.%s HTTP/1.1\r\nHost: bench\r\nContent-Length: %u\r\n\r\n",
            (char *)of->stamp, ending, image->size)
        : snprintf(client->head, sizeof client->head,
            "POST /v1/images HTTP/1.1\r\nHost: bench\r\nVault-Job: bench\r\nContent-Length: %u\r\n"
            "Content-Disposition: attachment; filename=\"img-%.16s.%s\"\r\n\r\n",
            image->size, (char *)of->stamp, ending);
    break;
  }
  case GET_RANGE:
    client->length = image->size / 2 < RANGE ? image->size / 2 : RANGE;
    client->from = draw() % (image->size - client->length + 1);
    size = snprintf(client->head, sizeof client->head,
        "GET /v1/images/%s HTTP/1.1\r\nHost: bench\r\nRange: bytes=%llu-%llu\r\n\r\n", of->id,
        (unsigned long long)client->from, (unsigned long long)(client->from + client->length - 1));
    break;
  case LIST:
    size = snprintf(client->head, sizeof client->head,
        "GET /v1/images?limit=%d HTTP/1.1\r\nHost: bench\r\n\r\n", LISTED);
    break;
  default:
    size = snprintf(client->head, sizeof client->head, "%s /v1/images/%s HTTP/1.1\r\nHost: bench\r\n%s\r\n",
        work == GET ? "GET" : "DELETE", of->id, work == DELETE ? "Vault-Job: bench\r\n" : "");
  }
  add_part(client, client->head, (size_t)size);
  if (work == PUT) {
    const size_t end = image->at + stamp_bytes(image);
    add_part(client, image->bytes, image->at);
    add_part(client, of->stamp, stamp_bytes(image));
    add_part(client, image->bytes + end, image->size - end);
  }
  client->begun = now();
  send_rest(client);
}

static void keep(const struct stored *of) {
  if (stored_count == stored_room) {
    stored_room = stored_room ? stored_room * 2 : 1024;
    stored = realloc(stored, stored_room * sizeof *stored);
    if (!stored) die("memory");
  }
  stored[stored_count++] = *of;
}

// The answer is there as a whole.
static void finish(struct client *client) {
  const uint64_t took = now() - client->begun;
  if (client->status < 200 || client->status > 299)
    return fail(client, "%s: %d %.120s", WORDS[work], client->status, (char *)client->body);
  if (work == PUT) {
    const char *id = strstr((char *)client->body, "\"id\":\"");
    if (!id || sscanf(id + 6, "%64[0-9a-f]", client->of.id) != 1 || strlen(client->of.id) != 64)
      return fail(client, "put: an answer without id");
    keep(&client->of);
  }
  if (work == LIST) {
    size_t found = 0;
    for (const char *at = (char *)client->body; (at = strstr(at, "\"id\":\"")); at++) found++;
    const size_t wanted = stored_count < LISTED ? stored_count : LISTED;
    if (found != wanted) return fail(client, "list: %zu images of %zu", found, wanted);
  }
  const uint32_t size = images[client->of.image].size;
  moved += work == PUT ? size : client->length;
  done++;
  count_time(took);
  client->is_busy = false;
  ask(client);
}

static bool is_collected(const struct client *client) {
  return (work != GET && work != GET_RANGE) || client->status > 299;
}

static void take_body(struct client *client, const uint8_t *bytes, size_t count) {
  if (client->seen + count > client->length) return fail(client, "%s: more bytes than were said", WORDS[work]);
  if (is_collected(client))
    memcpy(client->body + client->seen, bytes, count);
  else if (!is_same(&client->of, client->from + client->seen, bytes, count))
    return fail(client, "%s: wrong bytes of %s", WORDS[work], client->of.id);
  client->seen += count;
}

// The head, once it is there: its status, and how long the body is.
static void take_head(struct client *client) {
  uint8_t *end = memmem(client->answer, client->got, "\r\n\r\n", 4);
  if (!end) {
    if (client->got == HEAD) fail(client, "%s: a head without end", WORDS[work]);
    return;
  }
  *end = 0;
  const char *length = strcasestr((char *)client->answer, "\r\ncontent-length:");
  const uint64_t wanted = work == GET ? images[client->of.image].size : client->length;
  if (sscanf((char *)client->answer, "HTTP/1.1 %d", &client->status) != 1 || (!length && client->status != 204))
    return fail(client, "%s: an answer without status or length", WORDS[work]);
  client->length = length ? strtoull(length + 17, NULL, 10) : 0;
  client->in_body = true;
  if (is_collected(client)) {
    if (client->length >= COLLECTED) return fail(client, "%s: an answer that is too long", WORDS[work]);
    client->body = realloc(client->body, client->length + 1);
    if (!client->body) die("memory");
    client->body[client->length] = 0;
  } else if (client->length != wanted || (work == GET_RANGE && client->status != 206)) {
    return fail(client, "%s: %llu bytes of %llu, status %d", WORDS[work], (unsigned long long)client->length,
        (unsigned long long)wanted, client->status);
  }
  const uint8_t *rest = end + 4;
  take_body(client, rest, client->got - (size_t)(rest - client->answer));
}

static void receive(struct client *client) {
  // A turn has an end, so that no connection waits for another's body.
  for (int turn = 0; turn < 4 && client->is_busy; turn++) {
    uint8_t *into = client->in_body ? scratch : client->answer + client->got;
    size_t room = client->in_body ? sizeof scratch : HEAD - client->got;
    if (client->in_body && room > client->length - client->seen) room = client->length - client->seen;
    const ssize_t count = read(client->fd, into, room);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return fail(client, "%s: the connection ended", WORDS[work]);
    if (client->in_body)
      take_body(client, scratch, (size_t)count);
    else
      client->got += (size_t)count, take_head(client);
    if (client->is_busy && client->in_body && client->seen == client->length) return finish(client);
  }
}

static void run(enum work what, double seconds, uint64_t count) {
  work = what, left = count;
  done = failed = moved = longest = 0;
  failure[0] = 0;
  memset(buckets, 0, sizeof buckets);
  for (int i = 0; i < client_count; i++) open_client(&clients[i]);
  const double cpu_before = cpu();
  const uint64_t begun = now();
  deadline = begun + (uint64_t)(seconds * 1e9);
  for (int i = 0; i < client_count; i++) ask(&clients[i]);
  for (;;) {
    bool is_any_busy = false;
    for (int i = 0; i < client_count && !is_any_busy; i++) is_any_busy = clients[i].is_busy;
    if (!is_any_busy) break;
    struct epoll_event events[64];
    const int count = epoll_wait(queue, events, 64, 120000);
    if (count == 0) errno = ETIMEDOUT, die("no answer");
    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;
      if (client->is_busy && events[i].events & EPOLLOUT) send_rest(client);
      if (client->is_busy && events[i].events & ~EPOLLOUT) receive(client);
      // Whoever failed goes on, until there were too many.
      if (!client->is_busy) ask(client);
    }
  }
  const double wall = (double)(now() - begun) / 1e9, used = cpu() - cpu_before;
  for (int i = 0; i < client_count; i++) close(clients[i].fd);
  printf("{\"phase\":\"%s\",\"ops\":%llu,\"errors\":%llu,\"first_error\":\"%s\",\"wall_s\":%.6f,\"client_cpu_s\":%.6f,"
      "\"bytes\":%llu,\"stored\":%zu,\"longest_ns\":%llu,\"buckets\":[",
      WORDS[what], (unsigned long long)done, (unsigned long long)failed, failure, wall, used,
      (unsigned long long)moved, stored_count, (unsigned long long)longest);
  const char *comma = "";
  for (int i = 0; i < BUCKETS; i++)
    if (buckets[i]) printf("%s[%d,%llu]", comma, i, (unsigned long long)buckets[i]), comma = ",";
  puts("]}");
  fflush(stdout);
}

static void load_images(const char *file, const char *index) {
  const int fd = open(file, O_RDONLY);
  struct stat about;
  if (fd < 0 || fstat(fd, &about) != 0) die(file);
  const uint8_t *all = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  FILE *lines = fopen(index, "r");
  if (all == MAP_FAILED || !lines) die(index);
  unsigned long long offset;
  unsigned size, at;
  while (fscanf(lines, "%llu %u %u", &offset, &size, &at) == 3) {
    if (offset + size > (uint64_t)about.st_size || at + NONCE + 4 > size) errno = EINVAL, die(index);
    images = realloc(images, (image_count + 1) * sizeof *images);
    if (!images) die("memory");
    images[image_count++] = (struct image){all + offset, size, at};
  }
  fclose(lines);
  if (image_count == 0) errno = EINVAL, die(index);
}

int main(int count, char **words) {
  if (count != 6 || (client_count = atoi(words[5])) < 1 || client_count > 1024) {
    fputs("usage: load SOCKET vault|peer IMAGES INDEX CLIENTS\n", stderr);
    return 64;
  }
  path = words[1], is_peer = strcmp(words[2], "peer") == 0;
  load_images(words[3], words[4]);
  chance = now() | 1;
  queue = epoll_create1(EPOLL_CLOEXEC);
  clients = calloc((size_t)client_count, sizeof *clients);
  if (queue < 0 || !clients) die("start");
  signal(SIGPIPE, SIG_IGN);  // the write says it, too
  char line[100], word[20];
  double amount, most = 1e15;
  while (fgets(line, sizeof line, stdin) && sscanf(line, "%19s %lf %lf", word, &amount, &most) >= 2) {
    if (strcmp(word, "fill") == 0) run(PUT, 1e9, (uint64_t)amount);
    for (int i = 0; i < WORKS; i++) if (strcmp(word, WORDS[i]) == 0) run(i, amount, (uint64_t)most);
    most = 1e15;
  }
  return 0;
}
