/*
 * Stands between the program and the C library (LD_PRELOAD), counts its calls on files below one folder and, where
 * asked, on sockets, and lets one of them go wrong. Steered by its environment:
 *
 *   PDIO_ROOT   folder whose files count
 *   PDIO_OUT    file outside of it: one line a counted call ("trace"), and in every mode a line about what was done
 *   PDIO_MODE   trace | fail (the n-th call alone) | from (the n-th and all that follow) | kill (SIGKILL before the
 *               n-th) | cut (as kill, and what was written since the last sync of its file is lost as in a power cut)
 *   PDIO_AT     n, from 1
 *   PDIO_ERRNO  what a failed call says
 *   PDIO_NET    1: what goes over sockets counts too; it never fails, it is only a place to be killed at
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, TRACE, FAIL, FROM, KILL, CUT };
enum { NONE, FILE_FD, SOCKET_FD };
#define FDS 4096

static int mode = OFF, net = 0, fault = EIO, out = -1;
static long at = 0, count = 0;
static char root[PATH_MAX];
static size_t root_length;
static char kind[FDS];
static char *path_of[FDS];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* What a power cut takes back, newest last. */
struct undo {
    char *path;    /* the file, or the name that was replaced */
    off_t offset;
    off_t size;    /* of the file before */
    size_t length; /* of what was there */
    char *old;
    int gone;
};
static struct undo *undos = NULL;
static size_t undo_count = 0, undo_room = 0;

#define REAL(name) \
    static __typeof__(&name) real = NULL; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *bytes, size_t n) { REAL(write); return real(fd, bytes, n); }
static ssize_t real_pread(int fd, void *bytes, size_t n, off_t o) { REAL(pread); return real(fd, bytes, n, o); }
static ssize_t real_pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); return real(fd, b, n, o); }
static int real_open(const char *p, int f, mode_t m) { REAL(open); return real(p, f, m); }
static int real_ftruncate(int fd, off_t n) { REAL(ftruncate); return real(fd, n); }
static int real_unlink(const char *p) { REAL(unlink); return real(p); }
static int real_close(int fd) { REAL(close); return real(fd); }

static void say(const char *word, const char *path, long n, const char *more) {
    char line[PATH_MAX + 128];
    int length = snprintf(line, sizeof line, "%ld %s %s %s\n", n, word, path ? path : "-", more ? more : "");
    int saved = errno;
    if (out >= 0 && length > 0) (void)!real_write(out, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    errno = saved;
}

__attribute__((constructor)) static void begin(void) {
    const char *word = getenv("PDIO_MODE"), *where = getenv("PDIO_ROOT"), *report = getenv("PDIO_OUT");
    if (!word || !where || !report) return;
    snprintf(root, sizeof root, "%s", where);
    root_length = strlen(root);
    at = getenv("PDIO_AT") ? atol(getenv("PDIO_AT")) : 0;
    net = getenv("PDIO_NET") != NULL;
    if (getenv("PDIO_ERRNO")) fault = atoi(getenv("PDIO_ERRNO"));
    out = real_open(report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    mode = !strcmp(word, "trace") ? TRACE : !strcmp(word, "fail") ? FAIL : !strcmp(word, "from") ? FROM
         : !strcmp(word, "kill") ? KILL : !strcmp(word, "cut") ? CUT : OFF;
}

static int inside(const char *path) {
    return mode != OFF && path && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int is(int fd, int what) { return mode != OFF && fd >= 0 && fd < FDS && kind[fd] == what; }

static void note(int fd, int what, const char *path) {
    if (fd < 0 || fd >= FDS || mode == OFF) return;
    free(path_of[fd]);
    path_of[fd] = path ? strdup(path) : NULL;
    kind[fd] = (char)what;
}

/* Remembers what a file holds from `offset` on, before it is overwritten. */
static void remember(const char *path, off_t offset, size_t length, int whole) {
    struct stat now;
    if (undo_count == undo_room) {
        undo_room = undo_room ? undo_room * 2 : 256;
        undos = realloc(undos, undo_room * sizeof *undos);
    }
    struct undo *u = &undos[undo_count++];
    memset(u, 0, sizeof *u);
    u->path = strdup(path);
    u->offset = offset;
    int fd = real_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) { u->gone = 1; return; }
    fstat(fd, &now);
    u->size = now.st_size;
    if (whole) length = (size_t)now.st_size;
    u->old = malloc(length ? length : 1);
    ssize_t got = real_pread(fd, u->old, length, offset);
    u->length = got > 0 ? (size_t)got : 0;
    real_close(fd);
}

static void forget(const char *path) {
    size_t kept = 0;
    for (size_t i = 0; i < undo_count; i++) {
        if (!strcmp(undos[i].path, path)) { free(undos[i].path); free(undos[i].old); } else undos[kept++] = undos[i];
    }
    undo_count = kept;
}

static void lose_what_was_not_synced(void) {
    char shared[PATH_MAX];
    while (undo_count > 0) {
        struct undo *u = &undos[--undo_count];
        if (u->gone) { real_unlink(u->path); continue; }
        int fd = real_open(u->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) continue;
        (void)!real_pwrite(fd, u->old, u->length, u->offset);
        (void)!real_ftruncate(fd, u->size);
        real_close(fd);
    }
    /* Shared memory does not outlive the machine. */
    for (int fd = 0; fd < FDS; fd++) {
        if (path_of[fd] && strlen(path_of[fd]) > 4 && !strcmp(path_of[fd] + strlen(path_of[fd]) - 4, "-shm")) {
            snprintf(shared, sizeof shared, "%s", path_of[fd]);
            real_unlink(shared);
        }
    }
}

/* Counts a call. True: it shall fail, and errno is set. */
static int counted(const char *word, const char *path, const char *more, int may_fail) {
    long n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    if (mode == TRACE) say(word, path, n, more);
    if ((mode == KILL || mode == CUT) && n == at) {
        say(mode == CUT ? "cut-at" : "killed-at", path, n, word);
        if (mode == CUT) { pthread_mutex_lock(&turn); lose_what_was_not_synced(); }
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (may_fail && ((mode == FAIL && n == at) || (mode == FROM && n >= at))) {
        if (n == at) say("failed", path, n, word);
        errno = fault;
        return 1;
    }
    if (mode == FAIL && n == at) say("passed", path, n, word);
    return 0;
}

#define CUTTING (mode == CUT)
#define LOCKED(work) do { if (CUTTING) pthread_mutex_lock(&turn); work; if (CUTTING) pthread_mutex_unlock(&turn); } while (0)

static int opened(int fd, const char *path) {
    if (fd >= 0) note(fd, FILE_FD, path);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t m = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; va_end(more); \
        REAL(name); \
        if (!inside(path)) return real(path, flags, m); \
        if (counted("open", path, (flags & O_CREAT) ? "create" : "", 1)) return -1; \
        if (CUTTING && (flags & O_CREAT) && access(path, F_OK)) LOCKED(remember(path, 0, 0, 1)); \
        return opened(real(path, flags, m), path); \
    }
#define OPENAT(name) \
    int name(int dir, const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t m = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; va_end(more); \
        REAL(name); \
        if (!inside(path)) return real(dir, path, flags, m); \
        if (counted("open", path, (flags & O_CREAT) ? "create" : "", 1)) return -1; \
        if (CUTTING && (flags & O_CREAT) && access(path, F_OK)) LOCKED(remember(path, 0, 0, 1)); \
        return opened(real(dir, path, flags, m), path); \
    }
OPEN(open)
OPENAT(openat)
#ifdef __GLIBC__
OPEN(open64)
OPENAT(openat64)
#endif

int close(int fd) {
    REAL(close);
    if (fd == out && out >= 0) return 0;
    if (fd >= 0 && fd < FDS && kind[fd]) { LOCKED(note(fd, NONE, NULL)); }
    return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(write);
    if (is(fd, FILE_FD)) {
        if (counted("write", path_of[fd], "", 1)) return -1;
        if (CUTTING && path_of[fd]) LOCKED(remember(path_of[fd], lseek(fd, 0, SEEK_CUR), length, 0));
    } else if (net && is(fd, SOCKET_FD)) counted("send", "socket", "", 0);
    return real(fd, bytes, length);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t length, offset_type offset) { \
        REAL(name); \
        if (is(fd, FILE_FD)) { \
            if (counted("write", path_of[fd], "", 1)) return -1; \
            if (CUTTING && path_of[fd]) LOCKED(remember(path_of[fd], offset, length, 0)); \
        } \
        return real(fd, bytes, length, offset); \
    }
PWRITE(pwrite, off_t)
#ifdef __GLIBC__
PWRITE(pwrite64, off64_t)
#endif

ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(writev);
    if (is(fd, FILE_FD)) {
        if (counted("write", path_of[fd], "", 1)) return -1;
    } else if (net && is(fd, SOCKET_FD)) {
        char first[24] = "";
        if (n > 0) snprintf(first, sizeof first, "%.*s", (int)(parts[0].iov_len < 20 ? parts[0].iov_len : 20), (char *)parts[0].iov_base);
        first[strcspn(first, "\r\n")] = 0;
        counted("send", "socket", first, 0);
    }
    return real(fd, parts, n);
}

#define SYNC(name) \
    int name(int fd) { \
        REAL(name); \
        if (!is(fd, FILE_FD)) return real(fd); \
        if (counted("sync", path_of[fd], "", 1)) return -1; \
        int done = real(fd); \
        if (!done && CUTTING && path_of[fd]) LOCKED(forget(path_of[fd])); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(name); \
        if (is(fd, FILE_FD)) { \
            if (counted("truncate", path_of[fd], "", 1)) return -1; \
            if (CUTTING && path_of[fd]) LOCKED(remember(path_of[fd], 0, 0, 1)); \
        } \
        return real(fd, length); \
    }
TRUNCATE(ftruncate, off_t)
#ifdef __GLIBC__
TRUNCATE(ftruncate64, off64_t)
#endif

/* Renames are lost too as long as their folder is not synced: the name then has what it had before. */
int rename(const char *from, const char *to) {
    REAL(rename);
    if (inside(to)) {
        if (counted("rename", to, "", 1)) return -1;
        if (CUTTING) LOCKED(remember(to, 0, 0, 1));
    }
    return real(from, to);
}

int link(const char *from, const char *to) {
    REAL(link);
    if (inside(to) && counted("link", to, "", 1)) return -1;
    return real(from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    if (inside(to) && counted("link", to, "", 1)) return -1;
    return real(a, from, b, to, flags);
}

int unlink(const char *path) {
    REAL(unlink);
    if (inside(path) && counted("unlink", path, "", 1)) return -1;
    return real(path);
}

int mkdir(const char *path, mode_t m) {
    REAL(mkdir);
    if (inside(path) && counted("mkdir", path, "", 1)) return -1;
    return real(path, m);
}

int chmod(const char *path, mode_t m) {
    REAL(chmod);
    if (inside(path) && counted("chmod", path, "", 1)) return -1;
    return real(path, m);
}

int fchmod(int fd, mode_t m) {
    REAL(fchmod);
    if (is(fd, FILE_FD) && counted("chmod", path_of[fd], "", 1)) return -1;
    return real(fd, m);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    REAL(connect);
    if (net && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) note(fd, SOCKET_FD, NULL);
    return real(fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    REAL(send);
    if (net && is(fd, SOCKET_FD)) {
        char first[24];
        snprintf(first, sizeof first, "%.*s", (int)(length < 20 ? length : 20), (const char *)bytes);
        first[strcspn(first, "\r\n")] = 0;
        counted("send", "socket", first, 0);
    }
    return real(fd, bytes, length, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    REAL(recv);
    ssize_t got = real(fd, bytes, length, flags);
    if (got > 0 && net && is(fd, SOCKET_FD)) counted("received", "socket", "", 0);
    return got;
}
