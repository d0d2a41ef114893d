/* vm_code: compiled scripts, kept. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_VM_CODE_H
#define KELVIN_LUA_VM_CODE_H

#include <lua.h>
#include <stdint.h>

/*
 * Byte-code by path, valid as long as the file's identity, size and times are
 * the same. The least recently used is thrown out beyond 256 scripts or 8 MiB.
 * Only code that was compiled here, from text, is ever loaded.
 */
struct vm_code;

struct vm_code *vm_code_new(void);
void vm_code_free(struct vm_code *code); /* NULL is fine */

/*
 * Push the function of the script that is open at `fd`, which is closed;
 * errors name it `path`. Raises only memory errors.
 * @return LUA_OK, LUA_ERRFILE or LUA_ERRSYNTAX, with a message pushed instead.
 */
int vm_code_load(struct vm_code *code, lua_State *L, int fd, const char *path);

/* The same for a text that is nobody's file and is not kept. */
int vm_code_load_text(lua_State *L, const char *text, size_t len,
                      const char *name);

uint64_t vm_code_hits(const struct vm_code *code);
uint64_t vm_code_misses(const struct vm_code *code);
size_t vm_code_bytes(const struct vm_code *code);

#endif
