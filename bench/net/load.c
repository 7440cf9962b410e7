// Load generator for echo, line, sink and source servers over TCP, unix sockets, UDP and TLS. One thread, epoll.
//
//   load [options] PORT|PATH CONNS SIZE SECONDS [PIPELINE]
//     -m echo    (default) each connection keeps PIPELINE messages of SIZE bytes in flight and waits for all of them
//     -m udp     the same with datagrams; a reply missing for 200 ms counts as lost and is sent again
//     -m up      each connection writes without end, SIZE bytes a call; counts what was written
//     -m down    each connection reads without end; counts what was read
//     -m accept  CONNS at a time: connect, one message there and back, close; counts connections
//     -m idle    opens CONNS connections, one message there and back on each, prints READY and holds them until stdin ends
//     -t         TLS, certificate not checked      -w S  warm-up before counting (0.1)      -j  one JSON line
//   Each message ends in a newline, so that the echo mode serves line servers too. A path (with a /) is a unix socket.
//   Connecting is tried again for 10 s while the server is not there yet.
//   Compile with -DWITH_TLS -lssl -lcrypto, or without for no -t.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static void die(const char *s) { fprintf(stderr, "load: %s: %s\n", s, strerror(errno)); exit(1); }

enum { ECHO, UDP, UP, DOWN, ACCEPT, IDLE };
typedef struct { int fd, state, armed; size_t got, put; double sent; void *ssl; } C;   // state: 0 connecting, 1 handshake, 2 running
static int mode = ECHO, tls, json, port, ep, nconn;
static const char *path;
static size_t sz, total;
static char *buf, *rb;
static const size_t RB = 1 << 20;
static struct sockaddr_storage sa; static socklen_t salen;
static unsigned src;

// log-linear histogram of nanoseconds, 64 steps per power of two
static unsigned long hist[64 * 64], nlat;
static double latmax;
static void lat(double s) {
  unsigned long v = s * 1e9; if (v < 64) v = 64;
  int e = 63 - __builtin_clzl(v); hist[e * 64 + ((v >> (e - 6)) & 63)]++; nlat++; if (s > latmax) latmax = s;
}
static double pct(double p) {
  unsigned long k = nlat * p, c = 0;
  for (int i = 0; i < 64 * 64; i++) { c += hist[i]; if (c > k) return ((64 + i % 64) * (double)(1ul << (i / 64)) / 64) * 1e-3; }
  return latmax * 1e6;
}

static int mk(void) {
  int fd = socket(sa.ss_family, (mode == UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
  if (fd < 0) die("socket");
  int one = 1;
  if (sa.ss_family == AF_INET && mode != UDP) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // Many source addresses: closed connections stay in TIME_WAIT and one address would run out of ports.
    struct sockaddr_in s = {.sin_family = AF_INET}; s.sin_addr.s_addr = htonl(0x7f000002 + src++ % 200);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (mode == ACCEPT && bind(fd, (void *)&s, sizeof s)) die("bind");
  }
  return fd;
}
static void watch(C *c, int op, unsigned ev) { struct epoll_event e = {.events = ev, .data.ptr = c}; epoll_ctl(ep, op, c->fd, &e); c->armed = ev; }
static void want(C *c, unsigned ev) { if ((unsigned)c->armed != ev) watch(c, EPOLL_CTL_MOD, ev); }

#ifdef WITH_TLS
static SSL_CTX *ctx;
static int again(C *c, int r) { int e = SSL_get_error(c->ssl, r); return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1; }
static ssize_t tls_rd(C *c, void *b, size_t n) { ERR_clear_error(); int r = SSL_read(c->ssl, b, n > 1 << 30 ? 1 << 30 : n); return r > 0 ? r : again(c, r); }
static ssize_t tls_wr(C *c, const void *b, size_t n) { ERR_clear_error(); int r = SSL_write(c->ssl, b, n); return r > 0 ? r : again(c, r); }
static void tls_begin(C *c) { c->ssl = SSL_new(ctx); SSL_set_fd(c->ssl, c->fd); SSL_set_connect_state(c->ssl); }
static void tls_end(C *c) { SSL_shutdown(c->ssl); }
static void tls_free(C *c) { SSL_free(c->ssl); }
// 1: done, 0: would block, -1: failed
static int tls_handshake(C *c, int *write) {
  int r = SSL_connect(c->ssl); if (r == 1) return 1;
  int e = SSL_get_error(c->ssl, r); *write = e == SSL_ERROR_WANT_WRITE;
  if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) return 0;
  ERR_print_errors_fp(stderr); return -1;
}
static void tls_init(void) {
  ctx = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}
#else
static ssize_t tls_rd(C *c, void *b, size_t n) { (void)c; (void)b; (void)n; return -1; }
static ssize_t tls_wr(C *c, const void *b, size_t n) { (void)c; (void)b; (void)n; return -1; }
static void tls_begin(C *c) { (void)c; }
static void tls_end(C *c) { (void)c; }
static void tls_free(C *c) { (void)c; }
static int tls_handshake(C *c, int *write) { (void)c; (void)write; return -1; }
static void tls_init(void) { fprintf(stderr, "load: compiled without TLS\n"); exit(2); }
#endif

// 1: progress, 0: would block, -1: closed
static ssize_t rd(C *c, void *b, size_t n) {
  if (!c->ssl) { ssize_t r = recv(c->fd, b, n, 0); return r > 0 ? r : r == 0 ? -1 : (errno == EAGAIN ? 0 : -1); }
  return tls_rd(c, b, n);
}
static ssize_t wr(C *c, const void *b, size_t n) {
  if (!c->ssl) { ssize_t r = send(c->fd, b, n, MSG_NOSIGNAL); return r > 0 ? r : (errno == EAGAIN || errno == ECONNREFUSED ? 0 : -1); }
  return tls_wr(c, b, n);
}
// writes the rest of the batch; false when the connection is gone
static int flush(C *c) {
  while (c->put < total) { ssize_t w = wr(c, buf + c->put, total - c->put); if (w < 0) return 0; if (w == 0) { want(c, EPOLLIN | EPOLLOUT); return 1; } c->put += w; }
  want(c, EPOLLIN); return 1;
}
static int begin(C *c) { c->put = c->got = 0; c->sent = now(); return flush(c); }

static unsigned long long units, bytes, closed, lost; static int ready; static volatile int counting;

static void reconnect(C *c);
static void gone(C *c) { closed++; if (mode == ACCEPT) reconnect(c); else { fprintf(stderr, "load: server closed the connection\n"); exit(1); } }
static void running(C *c) {
  c->state = 2; ready++;
  if (mode == UP) want(c, EPOLLOUT);
  else if (mode == DOWN) want(c, EPOLLIN);
  else if (!begin(c)) gone(c);
}
static void handshake(C *c) {
  int write = 0, r = tls_handshake(c, &write);
  if (r == 1) running(c); else if (r == 0) want(c, write ? EPOLLOUT : EPOLLIN); else gone(c);
}
static void connected(C *c) {
  if (!tls) { running(c); return; }
  tls_begin(c); c->state = 1; handshake(c);
}
static void open_(C *c) {
  double until = now() + 10;
  for (;;) {
    c->fd = mk(); c->ssl = NULL; c->state = 0; c->got = c->put = 0; c->sent = now();
    int r = connect(c->fd, (void *)&sa, salen);
    if (r == 0 || errno == EINPROGRESS) { watch(c, EPOLL_CTL_ADD, EPOLLOUT); if (r == 0) connected(c); return; }
    if (now() > until || (errno != ECONNREFUSED && errno != ENOENT && errno != EAGAIN)) die("connect");
    close(c->fd); usleep(2000);
  }
}
static void reconnect(C *c) { if (c->ssl) { tls_free(c); } close(c->fd); open_(c); }

static void on(C *c, unsigned ev) {
  if (c->state == 0) {
    int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
    if (e) { static double first; if (!first) first = now(); if (now() - first > 10) { errno = e; die("connect"); } usleep(2000); reconnect(c); return; }
    connected(c); return;
  }
  if (c->state == 1) { handshake(c); return; }
  if (mode == UP) {
    for (int i = 0; i < 8; i++) { size_t o = c->put % sz; ssize_t w = wr(c, buf + o, sz - o); if (w < 0) { gone(c); return; } if (w == 0) break; c->put += w; if (counting) bytes += w; }
    return;
  }
  if (mode == DOWN) {
    for (int i = 0; i < 8; i++) { ssize_t r = rd(c, rb, RB); if (r < 0) { gone(c); return; } if (r == 0) break; if (counting) bytes += r; }
    return;
  }
  if ((ev & EPOLLOUT) && c->put < total && !flush(c)) { gone(c); return; }
  if (!(ev & ~EPOLLOUT)) return;
  ssize_t r;
  while ((r = rd(c, rb, RB)) > 0) {
    c->got += r; if (counting) bytes += r;
    if (c->got >= total) {
      if (c->got > total) { fprintf(stderr, "load: more came back than was sent\n"); exit(1); }
      double t = now();
      if (counting) { units += mode == ACCEPT ? 1 : total / sz; lat(t - c->sent); }
      if (mode == ACCEPT) { if (c->ssl) tls_end(c); reconnect(c); return; }
      if (mode == IDLE) { units++; c->got = 0; want(c, EPOLLIN); return; }
      if (!begin(c)) { gone(c); return; }
      if (!c->ssl) return;
    } else if ((size_t)r < RB && !c->ssl) return;
  }
  if (r < 0) gone(c);
}

static int udp(int n, double warm, double dur, int pipe) {
  C *cs = calloc(n, sizeof(C));
  for (int i = 0; i < n; i++) {
    cs[i].fd = mk(); if (connect(cs[i].fd, (void *)&sa, salen)) die("connect"); watch(&cs[i], EPOLL_CTL_ADD, EPOLLIN);
    cs[i].sent = now(); for (int k = 0; k < pipe; k++) wr(&cs[i], buf, sz);
  }
  double t0 = now() + warm, end = t0 + dur, tick = 0; struct epoll_event ev[256];
  for (double t = now(); t < end; t = now()) {
    if (!counting && t >= t0) { counting = 1; t0 = t; }
    if (t > tick) { tick = t + .05; for (int i = 0; i < n; i++) if (t - cs[i].sent > .2) { if (counting) lost++; cs[i].sent = t; cs[i].got = 0; for (int k = 0; k < pipe; k++) wr(&cs[i], buf, sz); } }
    int k = epoll_wait(ep, ev, 256, 50);
    for (int j = 0; j < k; j++) {
      C *c = ev[j].data.ptr; ssize_t r;
      while ((r = rd(c, rb, RB)) > 0) {
        if ((size_t)r != sz) continue;
        if (counting) { units++; bytes += r; }
        if ((int)++c->got >= pipe) { double x = now(); if (counting) lat(x - c->sent); c->got = 0; c->sent = x; for (int q = 0; q < pipe; q++) wr(c, buf, sz); }
      }
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  double warm = .1; int o;
  while ((o = getopt(argc, argv, "m:tjw:")) != -1) switch (o) {
    case 'm': mode = !strcmp(optarg, "echo") ? ECHO : !strcmp(optarg, "udp") ? UDP : !strcmp(optarg, "up") ? UP : !strcmp(optarg, "down") ? DOWN : !strcmp(optarg, "accept") ? ACCEPT : !strcmp(optarg, "idle") ? IDLE : -1; break;
    case 't': tls = 1; break;
    case 'j': json = 1; break;
    case 'w': warm = atof(optarg); break;
    default: mode = -1;
  }
  argc -= optind; argv += optind;
  if (argc < 4 || mode < 0) { fprintf(stderr, "load [-m echo|udp|up|down|accept|idle] [-t] [-j] [-w S] PORT|PATH CONNS SIZE SECONDS [PIPELINE]\n"); return 2; }
  nconn = atoi(argv[1]); sz = atol(argv[2]); double dur = atof(argv[3]); int pipe = argc > 4 ? atoi(argv[4]) : 1;
  if (strchr(argv[0], '/')) { path = argv[0]; struct sockaddr_un *u = (void *)&sa; u->sun_family = AF_UNIX; strncpy(u->sun_path, path, sizeof u->sun_path - 1); salen = sizeof *u; }
  else { port = atoi(argv[0]); struct sockaddr_in *a = (void *)&sa; a->sin_family = AF_INET; a->sin_port = htons(port); a->sin_addr.s_addr = htonl(INADDR_LOOPBACK); salen = sizeof *a; }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  total = sz * pipe; buf = malloc(total); rb = malloc(RB); memset(buf, 'x', total); for (int i = 0; i < pipe; i++) buf[(i + 1) * sz - 1] = '\n';
  ep = epoll_create1(0);
  if (tls) tls_init();
  double t0 = 0, el = 0;
  if (mode == UDP) { t0 = now(); udp(nconn, warm, dur, pipe); el = dur; }
  else {
    C *cs = calloc(nconn, sizeof(C)); int opened = 0; struct epoll_event ev[256];
    double start = now(), end = 0; int phase = 0;   // 0 opening, 1 warm-up, 2 counting
    for (;;) {
      // open at most 64 at a time so that no listen queue overflows
      while (opened < nconn && opened - (mode == IDLE ? (int)units : ready) < 64) open_(&cs[opened++]);
      int k = epoll_wait(ep, ev, 256, 20); double t;
      for (int j = 0; j < k; j++) on(ev[j].data.ptr, ev[j].events);
      t = now();
      if (mode == IDLE) {
        if (units >= (unsigned long long)nconn) { printf("READY %d %.3f\n", nconn, now() - start); fflush(stdout); char x; while (read(0, &x, 1) > 0) {} return 0; }
        if (t - start > 60) { fprintf(stderr, "load: only %llu of %d answered\n", units, nconn); return 1; }
        continue;
      }
      if (phase == 0) { if (opened == nconn && (mode == ACCEPT || ready >= nconn)) { phase = 1; t0 = t + warm; } else if (t - start > 30) { fprintf(stderr, "load: only %d of %d connected\n", ready, nconn); return 1; } }
      if (phase == 1 && t >= t0) { phase = 2; t0 = t; end = t + dur; counting = 1; }
      if (phase == 2 && t >= end) { el = t - t0; break; }
    }
  }
  if (mode == UP || mode == DOWN) units = bytes / sz;
  if (json) printf("{\"rate\": %.1f, \"mib_s\": %.2f, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"units\": %llu, \"seconds\": %.4f, \"lost\": %llu, \"closed\": %llu}\n",
    units / el, bytes / el / 1048576, nlat ? pct(.5) : 0, nlat ? pct(.9) : 0, nlat ? pct(.99) : 0, latmax * 1e6, units, el, lost, closed);
  else printf("%.0f %s/s %.1f MiB/s p50 %.0fus p99 %.0fus max %.0fus lost %llu closed %llu\n", units / el, mode == ACCEPT ? "conn" : "msg", bytes / el / 1048576, nlat ? pct(.5) : 0, nlat ? pct(.99) : 0, latmax * 1e6, lost, closed);
  return 0;
}
