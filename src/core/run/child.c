/* child: a program that kelvin keeps running. SPDX-License-Identifier: MIT */
/*
 * A child runs, or waits to be started again, or has ended for good. Its end
 * is learned by SIGCHLD, each child asking for its own process alone, so that
 * several of them and waitpid() of others do not meet.
 */
#include "core/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define PAUSE_MAX_S 60
#define OUTPUT_MAX (1 << 20)
#define LAST_SIGNAL 64
/* Where close_range() is missing: kelvin opens nothing so high and leaves it
 * open to others. */
#define LAST_FD 1024
#define FAILED 127

struct child {
    struct loop *loop;
    struct child_config config;
    char **argv;
    char *name;
    char *directory;
    char *output;
    struct loop_source *ended; /* SIGCHLD */
    struct loop_source *timer; /* to start it, or to kill it */
    pid_t pid;                 /* 0: does not run */
    int64_t started_us;
    int pause_s; /* before the next start */
    uint64_t starts;
    int start_errno; /* of the last failure, not to log it again */
    bool is_stopping;
};

/* What the new process needs to know; `error` comes back from it. */
struct launch {
    const char *path;
    char *const *argv;
    const char *directory;
    int output_fd;
    int keep_fd;
    pid_t parent;
    volatile int error;
};

bool child_find_program(const char *name, char *path, size_t size)
{
    static const char usual[] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin";
    const char *lists[] = {getenv("PATH"), usual};

    for (size_t i = 0; i < 2; i++) {
        const char *at = lists[i];

        while (at != NULL && *at != '\0') {
            int len = (int)strcspn(at, ":");
            int wanted = snprintf(path, size, "%.*s/%s", len, at, name);

            if (*at == '/' && wanted > 0 && (size_t)wanted < size &&
                access(path, X_OK) == 0)
                return true;
            at += len;
            at += *at == ':';
        }
    }
    return false;
}

static void close_from(int first)
{
    if (close_range((unsigned)first, ~0u, 0) == 0)
        return;
    for (int fd = first; fd < LAST_FD; fd++)
        close(fd);
}

/* Standard descriptors and the one to keep; the others go. */
static bool set_descriptors(const struct launch *launch)
{
    int null = open("/dev/null", O_RDONLY);

    if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
        dup2(launch->output_fd, STDOUT_FILENO) == -1 ||
        dup2(launch->output_fd, STDERR_FILENO) == -1)
        return false;
    if (launch->keep_fd == -1) {
        close_from(3);
        return true;
    }
    /* dup2() onto itself would leave close-on-exec as it is. */
    if (launch->keep_fd == 3 ? fcntl(3, F_SETFD, 0) == -1
                             : dup2(launch->keep_fd, 3) == -1)
        return false;
    close_from(4);
    return true;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number <= LAST_SIGNAL; number++)
        signal(number, SIG_DFL); /* refused for some, which is fine */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process, on the parent's memory: system calls only. */
static _Noreturn void become(struct launch *launch)
{
    setsid();
    /* SIGKILL also ends one that is stopped or hangs: a new kelvin must not
     * find the old one's child in its way. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
        chdir(launch->directory) == -1 || !set_descriptors(launch)) {
        launch->error = errno;
        _exit(FAILED);
    }
    if (getppid() != launch->parent)
        _exit(FAILED); /* it died before it could take us with it */
    reset_signals();
    execv(launch->path, launch->argv);
    launch->error = errno;
    _exit(FAILED);
}

/*
 * vfork(), as fork() would copy the page tables of all flows and hosts, and
 * packets wait for that. The new process does nothing to this memory but
 * write launch->error. Signals wait so that no handler of ours runs in it.
 */
static pid_t launch_process(struct launch *launch)
{
    sigset_t all;
    sigset_t before;
    pid_t pid;

    launch->parent = getpid();
    launch->error = 0;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0)
        become(launch);
    if (pid == -1)
        launch->error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid > 0 && launch->error != 0) {
        while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
            ;
        pid = -1;
    }
    return pid;
}

/* @return a descriptor that is standard error or is to be closed, -1. */
static int open_output(const struct child *child)
{
    const char *path = child->output;
    struct stat st;
    int fd;

    if (path == NULL)
        return STDERR_FILENO;
    fd = open(path,
              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                  O_NOFOLLOW | O_NONBLOCK,
              0600);
    if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > OUTPUT_MAX && ftruncate(fd, 0) == -1)
        log_warn("child", "cannot shorten %s", path);
    return fd;
}

static bool launch_child(struct child *child)
{
    struct launch launch = {
        .path = child->argv[0],
        .argv = child->argv,
        .directory = child->directory,
        .output_fd = open_output(child),
        .keep_fd = child->config.keep_fd,
    };
    pid_t pid;

    if (launch.output_fd == -1)
        return false;
    pid = launch_process(&launch);
    if (launch.output_fd != STDERR_FILENO)
        close(launch.output_fd);
    if (pid == -1) {
        errno = launch.error;
        return false;
    }
    child->pid = pid;
    child->starts++;
    child->started_us = loop_now_us(child->loop);
    return true;
}

static void tell(const struct child *child, bool is_up)
{
    if (child->config.on_change != NULL)
        child->config.on_change(child->config.arg, is_up);
}

static void set_timer(struct child *child, int64_t delay_us,
                      void (*run)(void *arg))
{
    loop_source_free(child->timer);
    child->timer = loop_after(child->loop, delay_us, LOOP_PEER, run, child);
}

static void on_pause_over(void *arg);

static void pause_child(struct child *child)
{
    set_timer(child, (int64_t)child->pause_s * SECOND_US, on_pause_over);
    if (child->pause_s < PAUSE_MAX_S / 2)
        child->pause_s *= 2;
    else
        child->pause_s = PAUSE_MAX_S;
}

/* @return whether it runs. */
static bool try_start(struct child *child)
{
    if (launch_child(child)) {
        child->start_errno = 0;
        log_info("child", "%s: started as process %d", child->name,
                 (int)child->pid);
        return true;
    }
    if (child->start_errno != errno) { /* else it has been said */
        child->start_errno = errno;
        log_warn("child", "%s: cannot start %s", child->name, child->argv[0]);
    }
    pause_child(child);
    return false;
}

static void on_pause_over(void *arg)
{
    struct child *child = arg;

    if (try_start(child))
        tell(child, true);
}

static void log_end(const struct child *child, int status)
{
    if (child->is_stopping)
        log_info("child", "%s: has ended", child->name);
    else if (WIFSIGNALED(status))
        log_warnx("child", "%s: killed by signal %d (%s), starts again in %d s",
                  child->name, WTERMSIG(status), strsignal(WTERMSIG(status)),
                  child->pause_s);
    else
        log_warnx("child", "%s: ended with status %d, starts again in %d s%s%s",
                  child->name, WEXITSTATUS(status), child->pause_s,
                  child->output != NULL ? "; see " : "",
                  child->output != NULL ? child->output : "");
}

static void on_ended(void *arg)
{
    struct child *child = arg;
    int status;

    if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    child->pid = 0;
    loop_source_free(child->timer);
    child->timer = NULL;
    if (loop_now_us(child->loop) - child->started_us >=
        (int64_t)PAUSE_MAX_S * SECOND_US)
        child->pause_s = 1;
    log_end(child, status);
    if (!child->is_stopping)
        pause_child(child);
    tell(child, false);
}

static char **copy_words(const char *const *words)
{
    size_t count = 0;
    char **copy;

    while (words[count] != NULL)
        count++;
    copy = mem_calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = mem_strdup(words[i]);
    return copy;
}

struct child *child_start(struct loop *loop, const struct child_config *config)
{
    struct child *child = mem_calloc(1, sizeof(*child));

    child->loop = loop;
    child->config = *config;
    child->argv = copy_words(config->argv);
    child->name = mem_strdup(config->name);
    child->directory =
        mem_strdup(config->directory != NULL ? config->directory : "/");
    if (config->output != NULL)
        child->output = mem_strdup(config->output);
    child->pause_s = 1;
    child->ended = loop_on_signal(loop, SIGCHLD, on_ended, child);
    try_start(child);
    return child;
}

static void on_grace_over(void *arg)
{
    const struct child *child = arg;

    log_warnx("child", "%s: does not end, killed", child->name);
    kill(child->pid, SIGKILL);
}

void child_stop(struct child *child)
{
    if (child->is_stopping)
        return;
    child->is_stopping = true;
    if (child->pid == 0) {
        loop_source_free(child->timer);
        child->timer = NULL;
        return;
    }
    kill(child->pid, SIGTERM);
    set_timer(child, child->config.grace_us, on_grace_over);
}

void child_kill(struct child *child)
{
    if (child->pid != 0)
        kill(child->pid, SIGKILL);
}

/* Wait until it is gone or the time is over. @return whether it is gone. */
static bool wait_gone(const struct child *child, int64_t patience_us)
{
    const struct timespec step = {.tv_nsec = 5000000};

    for (;; patience_us -= step.tv_nsec / 1000) {
        pid_t result = waitpid(child->pid, NULL, WNOHANG);

        if (result == child->pid || (result == -1 && errno == ECHILD))
            return true;
        if (patience_us <= 0)
            return false;
        nanosleep(&step, NULL);
    }
}

static void end_now(struct child *child)
{
    if (child->pid == 0)
        return;
    if (!child->is_stopping)
        kill(child->pid, SIGTERM);
    if (!wait_gone(child, child->config.grace_us)) {
        on_grace_over(child);
        wait_gone(child, SECOND_US);
    }
    child->pid = 0;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    end_now(child);
    loop_source_free(child->timer);
    loop_source_free(child->ended);
    for (char **word = child->argv; *word != NULL; word++)
        free(*word);
    free(child->argv);
    free(child->name);
    free(child->directory);
    free(child->output);
    free(child);
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

uint64_t child_starts(const struct child *child)
{
    return child->starts;
}
