/* daemon: a process of the background. SPDX-License-Identifier: MIT */
#include "core/run/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

static bool fail(struct strbuf *error, const char *what)
{
    strbuf_printf(error, "%s: %s", what, strerror(errno));
    return false;
}

void daemon_keep_standard(void)
{
    int fd;

    /* Those below are open, so each open() gets the number it is for. */
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}

/* The parent's rest: stay until the child is ready or has ended. */
static _Noreturn void wait_for_child(pid_t child, int ready_fd)
{
    ssize_t got;
    int status;
    char byte;

    do
        got = read(ready_fd, &byte, 1);
    while (got == -1 && errno == EINTR);
    if (got == 1)
        _exit(EXIT_SUCCESS);
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            _exit(EXIT_FAILURE);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

bool daemon_start(struct daemon *daemon, struct strbuf *error)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return fail(error, "--daemon: pipe");
    /* What is buffered would be written by both. */
    fflush(NULL);
    child = fork();
    if (child == -1) {
        fail(error, "--daemon: fork");
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (child != 0) {
        close(ends[1]);
        wait_for_child(child, ends[0]);
    }
    close(ends[0]);
    /* A new child leads no process group, so this cannot fail. */
    setsid();
    daemon->ready_fd = ends[1];
    return true;
}

static void leave_descriptors(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd;

    if (null == -1) {
        log_warn("daemon", "/dev/null");
        return;
    }
    fflush(NULL);
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fd != null)
            dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
}

void daemon_ready(struct daemon *daemon)
{
    ssize_t sent;

    if (daemon->ready_fd == -1)
        return;
    if (chdir("/") == -1)
        log_warn("daemon", "/");
    leave_descriptors();
    do
        sent = write(daemon->ready_fd, "", 1);
    while (sent == -1 && errno == EINTR);
    close(daemon->ready_fd);
    daemon->ready_fd = -1;
}

/* Who holds the file, as far as it says; the error line about him. */
static bool refuse_pid_file(int fd, const char *path, struct strbuf *error)
{
    char text[16] = "";
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

    if (got > 0)
        text[strspn(text, "0123456789")] = '\0';
    strbuf_printf(error, "pid file %s: another kelvin is running", path);
    if (got > 0 && text[0] != '\0')
        strbuf_printf(error, " as process %s", text);
    return false;
}

/* Open and lock; *fd is the file. Somebody else's link could make root write
 * over any file, so there must be one plain name. */
static bool lock_pid_file(const char *path, int *fd, struct strbuf *error)
{
    struct stat st;

    *fd = open(
        path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
        0644);
    if (*fd == -1) {
        strbuf_printf(error, "pid file %s: %s", path, strerror(errno));
        return false;
    }
    if (fstat(*fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
        strbuf_printf(error, "pid file %s: is not a plain file", path);
        return false;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) == -1) {
        if (errno == EWOULDBLOCK)
            return refuse_pid_file(*fd, path, error);
        strbuf_printf(error, "pid file %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

/* Whether the name still leads to the open file: its last owner may have
 * removed it between our open and our lock. */
static bool is_file_at(int fd, const char *path)
{
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool daemon_take_pid_file(struct daemon *daemon, const char *path,
                          struct strbuf *error)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    int fd;

    for (;;) {
        if (!lock_pid_file(path, &fd, error)) {
            if (fd != -1)
                close(fd);
            return false;
        }
        if (is_file_at(fd, path))
            break;
        close(fd);
    }
    if (fchmod(fd, 0644) == -1 || ftruncate(fd, 0) == -1 ||
        pwrite(fd, text, (size_t)len, 0) != len) {
        strbuf_printf(error, "pid file %s: %s", path, strerror(errno));
        unlink(path);
        close(fd);
        return false;
    }
    daemon->pid_fd = fd;
    daemon->pid_path = mem_strdup(path);
    return true;
}

void daemon_leave(struct daemon *daemon)
{
    if (daemon->pid_fd == -1)
        return;
    if (unlink(daemon->pid_path) == -1 && ftruncate(daemon->pid_fd, 0) == -1)
        log_warn("daemon", "pid file %s", daemon->pid_path);
    close(daemon->pid_fd);
    free(daemon->pid_path);
    *daemon = DAEMON_INIT;
}

void daemon_raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_warn("daemon", "cannot raise the limit of open files");
}

bool daemon_set_cores(const cpu_set_t *cores, struct strbuf *error)
{
    if (CPU_COUNT(cores) == 0 ||
        sched_setaffinity(0, sizeof(*cores), cores) == 0)
        return true;
    if (errno == EINVAL) {
        strbuf_puts(error, "--core-affinity: this machine has none of these "
                           "processor cores");
        return false;
    }
    return fail(error, "--core-affinity");
}
