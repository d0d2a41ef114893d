/* lib_ntop_files: class ntop, files and directories.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run/beneath.h"
#include "core/run/options.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * Questions may be asked of any path; what changes something stays inside the
 * data directory. Relative paths count from there.
 */
#define DUMP_MAX (1 << 20)    /* bytes of a file for dumpFile() */
#define REMOVE_SLICE 64       /* entries removed between two looks at a clock */
#define LIST_SLICE 256        /* entries listed */
#define DIR_TYPE "kelvin.dir" /* userdata: an open DIR */

static const char *check_path(lua_State *L, int index)
{
    size_t len;
    const char *path = lib_string(L, index, &len);

    if (len != strlen(path))
        lib_bad_call(L);
    return path;
}

/* The directory that relative paths count from; AT_FDCWD without one. */
static int base(lua_State *L)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;

    return dirs != NULL && dirs->data.fd >= 0 ? dirs->data.fd : AT_FDCWD;
}

static bool look(lua_State *L, struct stat *info)
{
    return fstatat(base(L), check_path(L, 1), info, 0) == 0;
}

static int ntop_isdir(lua_State *L)
{
    struct stat info;

    lua_pushboolean(L, look(L, &info) && S_ISDIR(info.st_mode));
    return 1;
}

static int ntop_exists(lua_State *L)
{
    struct stat info;

    lua_pushboolean(L, look(L, &info));
    return 1;
}

static int ntop_not_empty_file(lua_State *L)
{
    struct stat info;

    lua_pushboolean(L, look(L, &info) && S_ISREG(info.st_mode) &&
                           info.st_size > 0);
    return 1;
}

static int ntop_file_last_change(lua_State *L)
{
    struct stat info;

    lua_pushinteger(L, look(L, &info) ? (lua_Integer)info.st_mtime : -1);
    return 1;
}

/* The path inside the data directory, or NULL. */
static const char *inside(lua_State *L, const char *path)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;

    if (dirs == NULL || dirs->data.fd < 0)
        return NULL;
    return path[0] == '/' ? beneath_relative(dirs->data.path, path) : path;
}

static int refuse(lua_State *L, const char *what, const char *path)
{
    return luaL_error(L, "ntop.%s: %s: not inside the data directory", what,
                      path);
}

static int ntop_mkdir(lua_State *L)
{
    const char *path = check_path(L, 1);
    const char *relative = inside(L, path);

    if (relative == NULL)
        return refuse(L, "mkdir", path);
    lua_pushboolean(L, beneath_mkdirs(base(L), relative) == 0);
    return 1;
}

/* A tree goes in slices; each begins anew with what is left of it. */
static int remove_on(lua_State *L, int status, lua_KContext ctx)
{
    const char *relative = inside(L, lua_tostring(L, 1));
    int result;

    (void)status;
    (void)ctx;
    do {
        unsigned budget = REMOVE_SLICE;

        result = beneath_remove(base(L), relative, &budget);
        if (result == 1 && vm_must_yield(L, vm_run_of(L)))
            return lua_yieldk(L, 0, 0, remove_on);
    } while (result == 1);
    lua_pushboolean(L, result == 0);
    return 1;
}

static int ntop_rmdir(lua_State *L)
{
    const char *path = check_path(L, 1);
    const char *relative = inside(L, path);

    /* The data directory itself is nobody's to remove. */
    if (relative == NULL || relative[0] == '\0')
        return refuse(L, "rmdir", path);
    lua_settop(L, 1);
    return remove_on(L, LUA_OK, 0);
}

/* --- Listing --- */

static int dir_close(lua_State *L)
{
    DIR **dir = lua_touserdata(L, 1);

    if (*dir != NULL)
        closedir(*dir);
    *dir = NULL;
    return 0;
}

/* Push userdata that closes itself, for a directory that is not open yet. */
static DIR **push_dir(lua_State *L)
{
    DIR **dir = lua_newuserdata(L, sizeof(*dir));

    *dir = NULL;
    if (luaL_newmetatable(L, DIR_TYPE)) {
        lua_pushcfunction(L, dir_close);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return dir;
}

/* Stack: path, result, directory. `ctx` 1: the names are values, too. */
static int list_on(lua_State *L, int status, lua_KContext ctx)
{
    DIR **dir = lua_touserdata(L, 3);
    unsigned budget = LIST_SLICE;
    struct dirent *entry;

    (void)status;
    while (*dir != NULL && (entry = readdir(*dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        lua_pushstring(L, ctx == 1 ? entry->d_name : "");
        lua_setfield(L, 2, entry->d_name);
        if (--budget > 0)
            continue;
        budget = LIST_SLICE;
        if (vm_must_yield(L, vm_run_of(L)))
            return lua_yieldk(L, 0, ctx, list_on);
    }
    if (*dir != NULL)
        closedir(*dir);
    *dir = NULL;
    lua_pushvalue(L, 2);
    return 1;
}

/* List the directory with this name; the path argument is at index 1. */
static int list(lua_State *L, const char *path, bool with_names)
{
    DIR **dir;
    int fd;

    lua_settop(L, 1);
    lua_newtable(L);
    dir = push_dir(L);
    fd = openat(base(L), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && *dir == NULL)
        close(fd);
    return list_on(L, LUA_OK, with_names);
}

static int ntop_readdir(lua_State *L)
{
    return list(L, check_path(L, 1), true);
}

static int ntop_list_reports(lua_State *L)
{
    return list(L, "reports", false);
}

/* --- dumpFile --- */

/* Open a file of the directories that scripts know. */
static int open_known(lua_State *L, const char *path)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;
    const struct dir *known[3];

    errno = EACCES;
    if (dirs == NULL)
        return -1;
    known[0] = &dirs->httpdocs;
    known[1] = &dirs->scripts;
    known[2] = &dirs->data;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        const char *relative = beneath_relative(known[i]->path, path);

        if (relative != NULL && known[i]->fd >= 0)
            return beneath_open(known[i]->fd, relative, O_RDONLY, 0);
    }
    return -1;
}

/* Push what is in the file. @return false with errno set. */
static bool push_content(lua_State *L, const char *path)
{
    char *bytes = lua_newuserdata(L, DUMP_MAX); /* before it is open */
    int fd = open_known(L, path);
    struct stat info;
    ssize_t got = -1;

    if (fd < 0)
        return false;
    if (fstat(fd, &info) == 0) {
        errno = EFBIG;
        if (S_ISREG(info.st_mode) && info.st_size <= DUMP_MAX)
            got = pread(fd, bytes, DUMP_MAX, 0);
    }
    close(fd);
    if (got >= 0)
        lua_pushlstring(L, bytes, (size_t)got);
    return got >= 0;
}

/* dumpFile(path): write a file with its two placeholders filled in. */
static int ntop_dump_file(lua_State *L)
{
    const struct lib_context *context = lib_context_of(L);
    struct vm_run *run = vm_run_of(L);
    const char *prefix =
        context->options != NULL && context->options->http_prefix != NULL
            ? context->options->http_prefix
            : "";
    const char *path = check_path(L, 1);
    const char *text;
    char epoch[32];
    size_t len;

    if (!push_content(L, path))
        return luaL_error(L, "ntop.dumpFile: %s: %s", path, strerror(errno));
    snprintf(epoch, sizeof(epoch), "%lld",
             (long long)(context->started_us / 1000000));
    text = luaL_gsub(L, lua_tostring(L, -1), "@HTTP_PREFIX@", prefix);
    luaL_gsub(L, text, "@NTOP_STARTUP_EPOCH@", epoch);
    text = lua_tolstring(L, -1, &len);
    return vm_write(L, run, text, len) ? vm_wait_output(L, run) : 0;
}

void lib_ntop_files_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"dumpFile", "path: string", ntop_dump_file},
        {"exists", "path: string", ntop_exists},
        {"fileLastChange", "path: string", ntop_file_last_change},
        {"isdir", "path: string", ntop_isdir},
        {"listReports", "", ntop_list_reports},
        {"mkdir", "path: string", ntop_mkdir},
        {"notEmptyFile", "path: string", ntop_not_empty_file},
        {"readdir", "path: string", ntop_readdir},
        {"rmdir", "path: string", ntop_rmdir},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
