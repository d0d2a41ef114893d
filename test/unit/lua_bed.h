/* lua_bed: scripts to run by hand, for tests. SPDX-License-Identifier: MIT */
#ifndef KELVIN_TEST_LUA_BED_H
#define KELVIN_TEST_LUA_BED_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/loop.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/strbuf.h"
#include "lua/dirs.h"
#include "lua/lib.h"
#include "lua/vm.h"

#define BED_PATIENCE_US 20000000

/* A machine whose directories are in a temporary one: install, data, out. */
struct lua_bed {
    char root[64];
    struct loop *loop;
    struct options options;
    struct lib_dirs dirs;
    struct lib_context context;
    struct vm_config config;
    struct vm *vm;
    unsigned active; /* runs that lua_bed_wait() waits for */

    /* The last run. */
    struct strbuf output;
    struct strbuf error;
    enum vm_result result;
    bool is_full; /* what the writer answers, once */
    struct vm_run *run;
};

static inline void bed_mkdir(const struct lua_bed *bed, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", bed->root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static inline void bed_file(const struct lua_bed *bed, const char *name,
                            const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", bed->root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline char *bed_path(const struct lua_bed *bed, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", bed->root, name);
    return mem_strdup(path);
}

static inline struct lua_bed *lua_bed_new(const struct vm_config *config)
{
    static const char *const dirs[] = {
        "install",
        "install/scripts",
        "install/scripts/lua",
        "install/scripts/lua/modules",
        "install/scripts/callbacks",
        "data",
        "out",
    };
    struct lua_bed *bed = mem_calloc(1, sizeof(*bed));

    log_set_verbosity(-1);
    snprintf(bed->root, sizeof(bed->root), "/tmp/kelvin-lua.XXXXXX");
    assert_non_null(mkdtemp(bed->root));
    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
        bed_mkdir(bed, dirs[i]);
    bed->options.install_dir = bed_path(bed, "install");
    bed->options.data_dir = bed_path(bed, "data");
    dirs_open(&bed->dirs, &bed->options);
    bed->loop = loop_new();
    bed->context.loop = bed->loop;
    bed->context.dirs = &bed->dirs;
    bed->context.options = &bed->options;
    if (config != NULL)
        bed->config = *config;
    bed->config.loop = bed->loop;
    bed->config.context = &bed->context;
    bed->vm = vm_new(&bed->config);
    strbuf_init(&bed->output, 64 << 20);
    strbuf_init(&bed->error, 1 << 20);
    return bed;
}

static inline void bed_remove(const char *path)
{
    char command[300];

    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static inline void lua_bed_free(struct lua_bed *bed)
{
    assert_int_equal(vm_counters(bed->vm)->active, bed->active);
    vm_free(bed->vm);
    loop_free(bed->loop);
    dirs_close(&bed->dirs);
    free(bed->options.install_dir);
    free(bed->options.data_dir);
    strbuf_free(&bed->output);
    strbuf_free(&bed->error);
    bed_remove(bed->root);
    free(bed);
}

static inline bool bed_write(void *arg, const char *bytes, size_t len)
{
    struct lua_bed *bed = arg;

    strbuf_add(&bed->output, bytes, len);
    return !bed->is_full;
}

static inline void bed_ended(void *arg, enum vm_result result,
                             const char *error)
{
    struct lua_bed *bed = arg;

    bed->result = result;
    strbuf_reset(&bed->error);
    strbuf_puts(&bed->error, error != NULL ? error : "");
    bed->active--;
    loop_stop(bed->loop);
}

/* Start a script; what is not in `more` (NULL: nothing is) is filled in. */
static inline struct vm_run *lua_bed_start(struct lua_bed *bed,
                                           const char *text,
                                           const struct vm_script *more)
{
    struct vm_script script = {.path = "test.lua"};
    struct vm_run *run;

    if (more != NULL)
        script = *more;
    if (script.path == NULL)
        script.path = "test.lua";
    if (text != NULL) {
        script.source = text;
        script.source_len = strlen(text);
    }
    script.write = bed_write;
    script.ended = bed_ended;
    script.arg = bed;
    run = vm_start(bed->vm, &script);
    bed->active += run != NULL;
    bed->run = run;
    return run;
}

static inline void bed_give_up(void *arg)
{
    (void)arg;
    fail_msg("the loop does not end");
}

/* Let the loop run until every run has ended. */
static inline void lua_bed_wait(struct lua_bed *bed)
{
    struct loop_source *guard =
        loop_after(bed->loop, BED_PATIENCE_US, LOOP_TICK, bed_give_up, bed);

    while (bed->active > 0)
        assert_int_equal(loop_run(bed->loop), 0);
    loop_source_free(guard);
}

/* Run a text to its end. @return its result; output and error are in the
 * bed. */
static inline enum vm_result lua_bed_run(struct lua_bed *bed, const char *text,
                                         const struct vm_script *more)
{
    strbuf_reset(&bed->output);
    strbuf_reset(&bed->error);
    assert_non_null(lua_bed_start(bed, text, more));
    lua_bed_wait(bed);
    return bed->result;
}

/* Run a text that must succeed and print this. */
static inline void lua_bed_prints(struct lua_bed *bed, const char *text,
                                  const char *expected)
{
    if (lua_bed_run(bed, text, NULL) != VM_DONE)
        fail_msg("%s", bed->error.text);
    assert_string_equal(bed->output.text != NULL ? bed->output.text : "",
                        expected);
}

/* Run a text that must fail with this in its message. */
static inline void lua_bed_fails(struct lua_bed *bed, const char *text,
                                 const char *expected)
{
    assert_int_equal(lua_bed_run(bed, text, NULL), VM_FAILED);
    if (strstr(bed->error.text, expected) == NULL)
        fail_msg("no \"%s\" in: %s", expected, bed->error.text);
}

#define LUA_TEST(function) \
    cmocka_unit_test_setup_teardown(function, lua_bed_setup, lua_bed_teardown)

static inline int lua_bed_setup(void **state)
{
    *state = lua_bed_new(NULL);
    return 0;
}

static inline int lua_bed_teardown(void **state)
{
    lua_bed_free(*state);
    return 0;
}

#endif
