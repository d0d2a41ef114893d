/* lib_io: files of the data directory, and the run's output.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run/beneath.h"
#include "core/util/log.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * Files are Lua's own file handles, opened by us: inside the data directory
 * only, regular ones only, some at a time. io.stdout and io.write() are the
 * output of the run, io.stderr is the log.
 */
#define FILES_MAX 32 /* open at the same time, per run */

static int file_close(lua_State *L)
{
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);

    vm_run_of(L)->files--;
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* The flags of open(2) for a mode of fopen(3); -1 for a bad mode. */
static int mode_flags(const char *mode)
{
    bool is_update = mode[0] != '\0' && mode[1] == '+';
    int access = is_update ? O_RDWR : O_WRONLY;

    if (strspn(mode + (mode[0] != '\0') + is_update, "b") !=
        strlen(mode + (mode[0] != '\0') + is_update))
        return -1;
    switch (mode[0]) {
    case 'r':
        return is_update ? O_RDWR : O_RDONLY;
    case 'w':
        return access | O_CREAT | O_TRUNC;
    case 'a':
        return access | O_CREAT | O_APPEND;
    default:
        return -1;
    }
}

/* @return a descriptor of a regular file, or -1 with errno set. */
static int open_data(lua_State *L, const char *path, int flags)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;
    const char *relative = path;
    struct stat info;
    int fd;

    if (path[0] == '/')
        relative =
            dirs != NULL ? beneath_relative(dirs->data.path, path) : NULL;
    if (dirs == NULL || relative == NULL) {
        errno = EACCES;
        return -1;
    }
    fd = beneath_open(dirs->data.fd, relative, flags, 0640);
    if (fd < 0 && (errno == EXDEV || errno == ELOOP))
        errno = EACCES;
    if (fd >= 0 && (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        errno = EACCES;
        return -1;
    }
    return fd;
}

/* Push a file. @return false with errno set, and nothing pushed. */
static bool push_file(lua_State *L, const char *path, const char *mode)
{
    struct vm_run *run = vm_run_of(L);
    luaL_Stream *stream;
    int fd;

    if (run->files >= FILES_MAX) {
        errno = EMFILE;
        return false;
    }
    stream = lua_newuserdata(L, sizeof(*stream));
    stream->closef = NULL; /* not open yet */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    fd = open_data(L, path, mode_flags(mode));
    stream->f = fd >= 0 ? fdopen(fd, mode) : NULL;
    if (stream->f == NULL) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        lua_pop(L, 1);
        errno = saved;
        return false;
    }
    stream->closef = file_close;
    run->files++;
    return true;
}

static const char *check_path(lua_State *L, int index)
{
    size_t len;
    const char *path = lib_string(L, index, &len);

    if (len != strlen(path))
        lib_bad_call(L);
    return path;
}

static int io_open(lua_State *L)
{
    const char *path = check_path(L, 1);
    const char *mode = lib_string_or(L, 2, "r");

    luaL_argcheck(L, mode_flags(mode) >= 0, 2, "invalid mode");
    return push_file(L, path, mode) ? 1 : luaL_fileresult(L, 0, path);
}

/* io.lines(path, ...): the file is closed when it is collected. */
static int io_lines(lua_State *L)
{
    const char *path = check_path(L, 1);
    int count = lua_gettop(L);

    if (!push_file(L, path, "r"))
        return luaL_error(L, "%s: %s", path, strerror(errno));
    lua_getfield(L, -1, "lines");
    lua_replace(L, 1);
    lua_insert(L, 2); /* lines, file, formats */
    lua_call(L, count, 1);
    return 1;
}

/* Join the arguments from `first` on and push the text. */
static const char *join(lua_State *L, int first, size_t *len)
{
    int count = lua_gettop(L);
    luaL_Buffer text;

    luaL_buffinit(L, &text);
    for (int i = first; i <= count; i++) {
        luaL_checkstring(L, i);
        lua_pushvalue(L, i);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return lua_tolstring(L, -1, len);
}

static int io_write(lua_State *L)
{
    struct vm_run *run = vm_run_of(L);
    size_t len;
    const char *text = join(L, 1, &len);

    return vm_write(L, run, text, len) ? vm_wait_output(L, run) : 0;
}

/* io.stdout:write(...) returns the file, also when it had to wait. */
static int stdout_written(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    lua_pushvalue(L, 1);
    return 1;
}

static int stdout_write(lua_State *L)
{
    struct vm_run *run = vm_run_of(L);
    size_t len;
    const char *text = join(L, 2, &len);

    if (!vm_write(L, run, text, len))
        return stdout_written(L, LUA_OK, 0);
    run->waits_output = true;
    return vm_wait(L, 0, stdout_written, NULL, NULL);
}

static int stderr_write(lua_State *L)
{
    size_t len;
    const char *text = join(L, 2, &len);

    log_notice("lua", "%s: %s", vm_run_name(vm_run_of(L)), text);
    lua_pushvalue(L, 1);
    return 1;
}

/* Flushing, buffering: nothing that a script could see. */
static int standard_true(lua_State *L)
{
    lua_pushboolean(L, 1);
    return 1;
}

static void set_standard(lua_State *L, const char *name, lua_CFunction write)
{
    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, write);
    lua_setfield(L, -2, "write");
    lua_pushcfunction(L, standard_true);
    lua_setfield(L, -2, "flush");
    lua_pushcfunction(L, standard_true);
    lua_setfield(L, -2, "setvbuf");
    lua_pushcfunction(L, standard_true);
    lua_setfield(L, -2, "close");
    lua_setfield(L, -2, name);
}

void lib_io_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"lines", "path: string, ...", io_lines},
        {"open", "path: string, [mode: string]", io_open},
        {"write", "...", io_write},
        {NULL, NULL, NULL},
    };

    /* It makes the metatable of files; of its functions one is kept. */
    lua_pushcfunction(L, luaopen_io);
    lua_call(L, 0, 1);
    lib_register(L, "io", functions);
    lua_getglobal(L, "io");
    lua_getfield(L, -2, "type");
    lua_setfield(L, -2, "type");
    set_standard(L, "stdout", stdout_write);
    set_standard(L, "stderr", stderr_write);
    lua_pop(L, 2);
    /* luaopen_io left handles of the real ones in the registry. */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "_IO_input");
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "_IO_output");
    luaL_getmetatable(L, LUA_FILEHANDLE);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable"); /* its __gc is not the script's */
    lua_pop(L, 1);
}
