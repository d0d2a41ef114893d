/* vm_code: compiled scripts, kept. SPDX-License-Identifier: MIT */
#include "lua/vm_code.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "core/util/strbuf.h"

#define SCRIPTS_MAX 256
#define BYTES_MAX (8u << 20)
#define SCRIPT_MAX (2 << 20) /* bytes; compiling is not interrupted */
#define TEXT_KEPT 65536      /* of the buffer for reading */
#define YOUNG_NS                                                 \
    100000000LL /* a file may change again within one clock tick \
                 */

struct script {
    struct script *next; /* the most recently used first */
    char *path;
    char *code;
    size_t len;
    struct stat from;
};

struct vm_code {
    struct script *scripts;
    size_t count;
    size_t bytes;
    uint64_t hits;
    uint64_t misses;
    struct strbuf text; /* the file that is being read */
};

struct vm_code *vm_code_new(void)
{
    struct vm_code *code = mem_calloc(1, sizeof(*code));

    strbuf_init(&code->text, SCRIPT_MAX);
    return code;
}

/* Take the script at `*at` off the list and free it. */
static void script_drop(struct vm_code *code, struct script **at)
{
    struct script *script = *at;

    *at = script->next;
    code->count--;
    code->bytes -= script->len;
    free(script->path);
    free(script->code);
    free(script);
}

void vm_code_free(struct vm_code *code)
{
    if (code == NULL)
        return;
    while (code->scripts != NULL)
        script_drop(code, &code->scripts);
    strbuf_free(&code->text);
    free(code);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && same_time(&a->st_mtim, &b->st_mtim) &&
           same_time(&a->st_ctim, &b->st_ctim);
}

/* The script in front of the list, or NULL: never seen, or changed. */
static struct script *script_find(struct vm_code *code, const char *path,
                                  const struct stat *now)
{
    for (struct script **at = &code->scripts; *at; at = &(*at)->next) {
        struct script *script = *at;

        if (strcmp(script->path, path) != 0)
            continue;
        if (!same_file(&script->from, now)) {
            script_drop(code, at);
            return NULL;
        }
        *at = script->next;
        script->next = code->scripts;
        code->scripts = script;
        return script;
    }
    return NULL;
}

static int write_code(lua_State *L, const void *bytes, size_t len, void *arg)
{
    (void)L;
    strbuf_add(arg, bytes, len);
    return 0;
}

static bool is_young(const struct stat *from)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - from->st_ctim.tv_sec) * 1000000000LL + now.tv_nsec -
               from->st_ctim.tv_nsec <
           YOUNG_NS;
}

/* Keep the function on top of the stack. */
static void script_keep(struct vm_code *code, lua_State *L, const char *path,
                        const struct stat *from)
{
    struct script *script;
    struct strbuf bytes;

    if (is_young(from))
        return;
    strbuf_init(&bytes, BYTES_MAX);
    /* Not stripped: errors shall name lines. */
    (void)lua_dump(L, write_code, &bytes, 0);
    if (bytes.truncated) {
        strbuf_free(&bytes);
        return;
    }
    script = mem_calloc(1, sizeof(*script));
    script->path = mem_strdup(path);
    script->len = bytes.len;
    script->code = strbuf_take(&bytes);
    script->from = *from;
    script->next = code->scripts;
    code->scripts = script;
    code->count++;
    code->bytes += script->len;
    while (code->count > SCRIPTS_MAX || code->bytes > BYTES_MAX) {
        struct script **last = &code->scripts;

        while ((*last)->next != NULL)
            last = &(*last)->next;
        script_drop(code, last);
    }
}

/* A first line for the shell is none of Lua's; line numbers stay. */
static const char *skip_shebang(const char *text, size_t *len)
{
    const char *end;

    if (*len == 0 || text[0] != '#')
        return text;
    end = memchr(text, '\n', *len);
    if (end == NULL)
        end = text + *len;
    *len -= (size_t)(end - text);
    return end;
}

int vm_code_load_text(lua_State *L, const char *text, size_t len,
                      const char *name)
{
    const char *begin = skip_shebang(text, &len);
    int status;

    if (len > 0 && *begin == LUA_SIGNATURE[0]) {
        lua_pushfstring(L, "%s: byte-code is not loaded", name);
        return LUA_ERRSYNTAX;
    }

    lua_pushfstring(L, "@%s", name);
    status = luaL_loadbufferx(L, begin, len, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    return status;
}

/* Read all of it into `code->text`. @return 0 or -1 with errno set. */
static int read_file(struct vm_code *code, int fd, size_t size)
{
    char bytes[16384];

    strbuf_reset(&code->text);
    while (code->text.len < size) {
        ssize_t got = pread(fd, bytes, sizeof(bytes), (off_t)code->text.len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        strbuf_add(&code->text, bytes, (size_t)got);
    }
    return 0;
}

/* Look the file up in the cache, or read it; in any case it can be closed.
 * @return 0 or -1 with errno set. */
static int find_or_read(struct vm_code *code, int fd, const char *path,
                        struct stat *now, struct script **script)
{
    *script = NULL;
    if (fstat(fd, now) < 0)
        return -1;
    if (!S_ISREG(now->st_mode) || now->st_size > SCRIPT_MAX) {
        errno = S_ISREG(now->st_mode) ? EFBIG : EISDIR;
        return -1;
    }
    *script = script_find(code, path, now);
    return *script != NULL ? 0 : read_file(code, fd, (size_t)now->st_size);
}

int vm_code_load(struct vm_code *code, lua_State *L, int fd, const char *path)
{
    struct script *script;
    struct stat now;
    int failed = find_or_read(code, fd, path, &now, &script);
    int saved = errno;
    int status;

    close(fd); /* nothing below could, if Lua raised an error */
    if (failed != 0) {
        lua_pushfstring(L, "cannot read %s: %s", path, strerror(saved));
        return LUA_ERRFILE;
    }
    if (script != NULL) {
        code->hits++;
        lua_pushfstring(L, "@%s", path);
        status = luaL_loadbufferx(L, script->code, script->len,
                                  lua_tostring(L, -1), "b");
        lua_remove(L, -2);
        return status;
    }
    code->misses++;
    status =
        vm_code_load_text(L, code->text.text != NULL ? code->text.text : "",
                          code->text.len, path);
    if (status == LUA_OK)
        script_keep(code, L, path, &now);
    if (code->text.size > TEXT_KEPT)
        strbuf_free(&code->text);
    return status;
}

uint64_t vm_code_hits(const struct vm_code *code)
{
    return code->hits;
}

uint64_t vm_code_misses(const struct vm_code *code)
{
    return code->misses;
}

size_t vm_code_bytes(const struct vm_code *code)
{
    return code->bytes;
}
