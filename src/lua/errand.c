/* errand: the script of --run. SPDX-License-Identifier: MIT */
#include "lua/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "lua/vm_code.h"

#define SCRIPT_MAX ((off_t)4 << 20)
#define MEMORY ((size_t)1 << 30)
#define OUTPUT_MAX ((size_t)256 << 10) /* then the script waits */
#define PIECE 4096 /* what a pipe takes without blocking: PIPE_BUF */
#define TURN_US 1000

struct errand {
    const struct options *options; /* path and words */
    struct strbuf text;
    char *folder;
    struct loop *loop;
    struct vm_run *run;
    struct loop_source *writable; /* NULL: a regular file never blocks */
    struct loop_source *flush;    /* the same file's next turn */
    struct loop_source *quit;     /* nobody wants more output */
    struct strbuf output;
    size_t written; /* of `output` */
    bool is_over;   /* the script */
    bool has_failed;
    void (*ended)(void *arg);
    void *arg;
};

static bool read_text(struct errand *errand, int fd)
{
    char bytes[16384];
    ssize_t got;

    while ((got = read(fd, bytes, sizeof(bytes))) > 0)
        strbuf_add(&errand->text, bytes, (size_t)got);
    if (got == 0 && errand->text.truncated)
        errno = EFBIG;
    return got == 0 && !errand->text.truncated;
}

static bool read_script(struct errand *errand, struct strbuf *error)
{
    const char *path = errand->options->run;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    bool is_read = false;

    if (fd >= 0 && fstat(fd, &info) == 0) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        is_read = S_ISREG(info.st_mode) && read_text(errand, fd);
    }
    if (!is_read)
        strbuf_printf(error, "option --run: cannot read %s: %s", path,
                      strerror(errno));
    if (fd >= 0)
        close(fd);
    return is_read;
}

/* A mistake of spelling shall be told before a long capture is read. */
static bool check_syntax(const struct errand *errand, struct strbuf *error)
{
    lua_State *L = luaL_newstate();
    bool is_good;

    if (L == NULL) {
        strbuf_puts(error, "option --run: not enough memory");
        return false;
    }
    is_good = vm_code_load_text(L, errand->text.text, errand->text.len,
                                errand->options->run) == LUA_OK;
    if (!is_good)
        strbuf_puts(error, lua_tostring(L, -1));
    lua_close(L);
    return is_good;
}

struct errand *errand_new(const struct options *options, struct strbuf *error)
{
    struct errand *errand = mem_calloc(1, sizeof(*errand));
    char *slash;

    errand->options = options;
    errand->has_failed = true; /* until it has not */
    strbuf_init(&errand->text, (size_t)SCRIPT_MAX);
    strbuf_init(&errand->output, 2 * MEMORY);
    strbuf_add(&errand->text, "", 0);
    if (!read_script(errand, error) || !check_syntax(errand, error)) {
        errand_free(errand);
        return NULL;
    }
    errand->folder = mem_strdup(options->run);
    slash = strrchr(errand->folder, '/');
    if (slash != NULL)
        *slash = '\0';
    return errand;
}

void errand_free(struct errand *errand)
{
    if (errand == NULL)
        return;
    if (errand->run != NULL)
        vm_cancel(errand->run);
    loop_source_free(errand->writable);
    loop_source_free(errand->flush);
    loop_source_free(errand->quit);
    strbuf_free(&errand->text);
    strbuf_free(&errand->output);
    free(errand->folder);
    free(errand);
}

/* --- Output --- */

static size_t pending(const struct errand *errand)
{
    return errand->output.len - errand->written;
}

static void finish(struct errand *errand)
{
    void (*ended)(void *arg) = errand->ended;

    errand->ended = NULL;
    if (ended != NULL)
        ended(errand->arg);
}

static bool on_quit(void *arg)
{
    finish(arg);
    return false;
}

/* Nobody reads any more: there is nothing left to do. */
static void give_up(struct errand *errand)
{
    fprintf(stderr, "kelvin: standard output: %s\n", strerror(errno));
    errand->has_failed = true;
    if (errand->run != NULL)
        vm_cancel(errand->run);
    errand->run = NULL;
    errand->is_over = true;
    strbuf_reset(&errand->output);
    errand->written = 0;
    if (errand->quit == NULL) /* not from within the script's own call */
        errand->quit = loop_defer(errand->loop, LOOP_PAGE, on_quit, errand);
}

static bool can_write(void)
{
    struct pollfd wanted = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&wanted, 1, 0) == 1;
}

/* Write as much as goes without blocking: a pipe that is ready takes a piece,
 * also one that blocks and is not ours alone to change that. */
static void write_some(struct errand *errand)
{
    size_t piece = errand->writable != NULL ? PIECE : OUTPUT_MAX;

    while (pending(errand) > 0 &&
           (errand->writable == NULL ||
            (loop_spent_us(errand->loop) < TURN_US && can_write()))) {
        size_t len = pending(errand) < piece ? pending(errand) : piece;
        ssize_t sent =
            write(STDOUT_FILENO, errand->output.text + errand->written, len);

        if (sent < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        if (sent < 0) {
            give_up(errand);
            return;
        }
        errand->written += (size_t)sent;
    }
    if (errand->written == 0)
        return;
    if (pending(errand) > 0 && errand->written < OUTPUT_MAX)
        return;
    memmove(errand->output.text, errand->output.text + errand->written,
            pending(errand));
    errand->output.len = pending(errand);
    errand->written = 0;
}

static void on_writable(void *arg)
{
    struct errand *errand = arg;

    write_some(errand);
    if (errand->run != NULL && pending(errand) < OUTPUT_MAX)
        vm_output_ready(errand->run);
    if (pending(errand) > 0)
        return;
    if (errand->writable != NULL)
        loop_source_pause(errand->writable);
    if (errand->is_over)
        finish(errand);
}

static bool on_write(void *arg, const char *bytes, size_t len)
{
    struct errand *errand = arg;

    strbuf_add(&errand->output, bytes, len);
    if (errand->writable != NULL) {
        loop_source_resume(errand->writable);
        return pending(errand) < OUTPUT_MAX;
    }
    /* Not a system call for each word, but soon. */
    if (pending(errand) >= OUTPUT_MAX / 4)
        write_some(errand);
    else if (errand->flush != NULL)
        loop_source_resume(errand->flush);
    return true;
}

static bool on_flush(void *arg)
{
    write_some(arg);
    return false;
}

static void on_ended(void *arg, enum vm_result result, const char *error)
{
    struct errand *errand = arg;

    errand->run = NULL;
    errand->is_over = true;
    errand->has_failed = result != VM_DONE;
    while (errand->writable == NULL && pending(errand) > 0)
        write_some(errand);
    if (result != VM_DONE)
        fprintf(stderr, "kelvin: %s\n", error);
    if (pending(errand) == 0)
        finish(errand);
}

static bool may_block(void)
{
    struct stat info;

    return fstat(STDOUT_FILENO, &info) == 0 &&
           (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) ||
            isatty(STDOUT_FILENO));
}

void errand_start(struct errand *errand, struct loop *loop, struct vm *vm,
                  const char *prelude, void (*ended)(void *arg), void *arg)
{
    const struct options *options = errand->options;
    struct vm_script script = {
        .path = options->run,
        .source = errand->text.text,
        .source_len = errand->text.len,
        .folder = errand->folder,
        .prelude = prelude,
        .arguments = (const char *const *)options->run_arguments.items,
        .argument_count = options->run_arguments.count,
        .memory = MEMORY,
        .is_quiet = true,
        .write = on_write,
        .ended = on_ended,
        .arg = errand,
    };

    errand->loop = loop;
    errand->ended = ended;
    errand->arg = arg;
    if (may_block())
        errand->writable = loop_on_fd(loop, STDOUT_FILENO, LOOP_WRITE,
                                      LOOP_PAGE, on_writable, errand);
    if (errand->writable != NULL)
        loop_source_pause(errand->writable);
    else
        errand->flush = loop_defer(loop, LOOP_PAGE, on_flush, errand);
    errand->run = vm_start(vm, &script);
}

bool errand_succeeded(const struct errand *errand)
{
    return !errand->has_failed;
}
