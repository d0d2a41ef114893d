/* lib_load: scripts that load scripts. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/run/beneath.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * require(), dofile() and loadfile() as Lua has them, but for three things:
 * they find files in the directories of scripts only, they load text only,
 * and a script that they run can wait.
 */
#define ROOTS 4

/* The directories of scripts, in the order in which relative names look.
 * @return how many there are. The last may be the run's own folder. */
static size_t roots(lua_State *L, const char *root[ROOTS])
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;
    const struct vm_run *run = vm_run_of(L);
    size_t count = 0;

    if (dirs != NULL) {
        root[count++] = dirs->modules.path;
        root[count++] = dirs->scripts.path;
        root[count++] = dirs->callbacks.path;
    }
    if (run->folder != NULL)
        root[count++] = run->folder;
    return count;
}

static int open_in(const char *root, const char *relative)
{
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd, saved;

    if (dir < 0)
        return -1;
    fd = beneath_open(dir, relative, O_RDONLY, 0);
    saved = errno;
    close(dir);
    errno = saved;
    return fd;
}

int lib_open_script(lua_State *L, const char *path)
{
    const char *root[ROOTS];
    size_t count = roots(L, root);
    int why = EACCES;

    for (size_t i = 0; i < count; i++) {
        const char *relative =
            path[0] == '/' ? beneath_relative(root[i], path) : path;
        int fd;

        if (relative == NULL)
            continue;
        fd = open_in(root[i], relative);
        if (fd >= 0)
            return fd;
        /* What leaves the directory is as good as forbidden. */
        why = errno == EXDEV || errno == ELOOP ? EACCES : errno;
    }
    errno = why;
    return -1;
}

bool lib_has_module(lua_State *L, const char *name)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;
    char file[NAME_MAX];
    struct stat info;

    if (dirs == NULL || dirs->modules.fd < 0)
        return false;
    snprintf(file, sizeof(file), "%s.lua", name);
    return beneath_stat(dirs->modules.fd, file, &info) == 0 &&
           S_ISREG(info.st_mode);
}

/* Push the function of a script, or a message.
 * @return LUA_OK or what vm_code_load() has. */
static int load_path(lua_State *L, const char *path)
{
    struct vm_run *run = vm_run_of(L);
    int64_t begin_us = vm_stretch_begin(run);
    int fd = lib_open_script(L, path);
    int status;

    if (fd < 0) {
        lua_pushfstring(L, "cannot open %s: %s", path, strerror(errno));
        return LUA_ERRFILE;
    }
    status = vm_code_load(run->vm->code, L, fd, path);
    vm_stretch_end(L, run, begin_us, NULL); /* is not its fault */
    return status;
}

/* --- dofile, loadfile, load --- */

static const char *check_path(lua_State *L, int index)
{
    size_t len;
    const char *path = luaL_checklstring(L, index, &len);

    luaL_argcheck(L, len == strlen(path), index, "a path without zeros");
    return path;
}

static int load_dofile(lua_State *L)
{
    const char *path = check_path(L, 1);

    lua_settop(L, 1);
    if (load_path(L, path) != LUA_OK)
        return lua_error(L);
    lua_callk(L, 0, LUA_MULTRET, 1, lib_return_above);
    return lib_return_above(L, LUA_OK, 1);
}

/* Let the function on top see the environment at this index, if any. */
static int with_environment(lua_State *L, int index, bool is_given)
{
    if (is_given) {
        lua_pushvalue(L, index);
        if (lua_setupvalue(L, -2, 1) == NULL)
            lua_pop(L, 1);
    }
    return 1;
}

static int load_loadfile(lua_State *L)
{
    const char *path = check_path(L, 1);
    bool has_environment = !lua_isnone(L, 3);

    lua_settop(L, 3);
    if (load_path(L, path) != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    return with_environment(L, 3, has_environment);
}

/* load(chunk [, name [, mode [, environment]]]) where the mode is "t". */
static int load_load(lua_State *L)
{
    struct vm_run *run = vm_run_of(L);
    int64_t begin_us = vm_stretch_begin(run);
    int count;

    if (lua_gettop(L) < 3)
        lua_settop(L, 3);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    count = lua_tocfunction(L, lua_upvalueindex(1))(L);
    vm_stretch_end(L, run, begin_us, "load");
    return count;
}

/* --- require --- */

/* Push templates with `?` replaced by the name. */
static const char *expand(lua_State *L, const char *from, size_t len,
                          const char *name)
{
    lua_pushlstring(L, from, len);
    luaL_gsub(L, lua_tostring(L, -1), "?", name);
    lua_remove(L, -2);
    return lua_tostring(L, -1);
}

/* Push the first path of the templates that can be opened as a script, or
 * what was tried. @return whether there is one. */
static bool search_path(lua_State *L, const char *name, const char *path)
{
    const char *file = luaL_gsub(L, name, ".", "/");
    int tried = 0;

    for (const char *at = path; *at != '\0';) {
        size_t len = strcspn(at, ";");
        const char *full;
        int fd;

        if (len > 0) {
            luaL_checkstack(L, 4, "too many templates in package.path");
            full = expand(L, at, len, file);
            fd = lib_open_script(L, full);
            if (fd >= 0) {
                close(fd);
                return true;
            }
            lua_pushfstring(L, "\n\tno file '%s'", full);
            lua_remove(L, -2);
            tried++;
        }
        at += len + (at[len] == ';');
    }
    lua_concat(L, tried);
    return false;
}

/* package.searchpath(name, path) */
static int load_searchpath(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *path = luaL_checkstring(L, 2);

    if (search_path(L, name, path))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* Push the loader of a module and what it gets as second argument. */
static void find_loader(lua_State *L, const char *name)
{
    if (lua_getfield(L, lua_upvalueindex(1), "preload") == LUA_TTABLE &&
        lua_getfield(L, -1, name) != LUA_TNIL) {
        lua_pushliteral(L, ":preload:");
        return;
    }
    if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING)
        luaL_error(L, "package.path must be a string");
    if (!search_path(L, name, lua_tostring(L, -1)))
        luaL_error(L,
                   "module '%s' not found:\n\tno field "
                   "package.preload['%s']%s",
                   name, name, lua_tostring(L, -1));
    if (load_path(L, lua_tostring(L, -1)) != LUA_OK)
        luaL_error(L, "cannot load module '%s':\n\t%s", name,
                   lua_tostring(L, -1));
    lua_insert(L, -2);
}

/* The module ran. Stack: name, loaded, result. */
static int required(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    if (!lua_isnil(L, 3))
        lua_setfield(L, 2, lua_tostring(L, 1));
    lua_settop(L, 2);
    if (lua_getfield(L, 2, lua_tostring(L, 1)) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, lua_tostring(L, 1));
    }
    return 1;
}

static int load_require(lua_State *L)
{
    const char *name = check_path(L, 1);

    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, 2, name);
    if (lua_toboolean(L, -1))
        return 1;
    lua_settop(L, 2);
    find_loader(L, name); /* ..., loader, file */
    lua_insert(L, 3);
    lua_insert(L, 3);
    lua_settop(L, 4);
    lua_pushvalue(L, 1);
    lua_insert(L, 4); /* name, loaded, loader, name, file */
    lua_callk(L, 2, 1, 0, required);
    return required(L, LUA_OK, 0);
}

/* Where modules are found unless a script says otherwise. */
static void push_default_path(lua_State *L)
{
    const char *root[ROOTS];
    size_t count = roots(L, root);
    luaL_Buffer path;

    luaL_buffinit(L, &path);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            luaL_addchar(&path, ';');
        luaL_addstring(&path, root[i]);
        luaL_addstring(&path, "/?.lua");
    }
    luaL_pushresult(&path);
}

void lib_load_open(lua_State *L)
{
    lua_createtable(L, 0, 5);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "package");
    lua_setfield(L, -2, "loaded");
    lua_newtable(L);
    lua_setfield(L, -2, "preload");
    push_default_path(L);
    lua_setfield(L, -2, "path");
    lib_set_string(L, "cpath", "");
    lib_set_string(L, "config", "/\n;\n?\n!\n-\n");
    lua_pushcfunction(L, load_searchpath);
    lua_setfield(L, -2, "searchpath");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, load_require, 1);
    lua_setglobal(L, "require");
    lua_setglobal(L, "package");

    lua_pushcfunction(L, load_dofile);
    lua_setglobal(L, "dofile");
    lua_pushcfunction(L, load_loadfile);
    lua_setglobal(L, "loadfile");
    lua_getglobal(L, "load");
    lua_pushcclosure(L, load_load, 1);
    lua_pushvalue(L, -1);
    lua_setglobal(L, "load");
    lua_setglobal(L, "loadstring");
}
