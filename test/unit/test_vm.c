/* test_vm: runs, their turns and their ends. SPDX-License-Identifier: MIT */
#include "lua_bed.h"

static void a_script_runs_and_prints(void **state)
{
    lua_bed_prints(*state, "print('hello', 1, nil, true, 1.5)",
                   "hello\t1\tnil\ttrue\t1.5\n");
}

static void an_error_tells_file_line_and_traceback(void **state)
{
    struct lua_bed *bed = *state;

    lua_bed_fails(bed, "local function f()\n error('oh')\nend\nf()",
                  "test.lua:2: oh");
    assert_non_null(strstr(bed->error.text, "stack traceback:"));
    assert_non_null(strstr(bed->error.text, "test.lua:4: in "));
    lua_bed_fails(bed, "x = = 1", "test.lua:1:");
    lua_bed_fails(bed, "error({})", "error object is a table value");
    lua_bed_fails(bed, "error()", "error object is a nil value");
    lua_bed_fails(bed,
                  "error(setmetatable({}, {__tostring = function()"
                  " return 'told' end}))",
                  "told");
    assert_int_equal(vm_counters(bed->vm)->failed, 5);
}

static void a_missing_script_fails(void **state)
{
    struct vm_script script = {.path = "/nowhere/x.lua"};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed, NULL, &script), VM_FAILED);
    assert_non_null(strstr(bed->error.text, "/nowhere/x.lua"));
}

static void arguments_are_passed(void **state)
{
    static const char *const words[] = {"one", "two words"};
    struct vm_script script = {.arguments = words, .argument_count = 2};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed,
                                 "print(select('#', ...), ...)"
                                 "print(#arg, arg[0], arg[2])",
                                 &script),
                     VM_DONE);
    assert_string_equal(bed->output.text, "2\tone\ttwo words\n"
                                          "2\ttest.lua\ttwo words\n");
}

static void a_page_prints_as_it_is(void **state)
{
    struct vm_script script = {.is_page = true};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed, "print('a', 'b') print(1)", &script),
                     VM_DONE);
    assert_string_equal(bed->output.text, "a1");
}

static void runs_take_turns(void **state)
{
    struct lua_bed *bed = *state;

    /* The first one would take long; the second one does not wait for it. */
    lua_bed_start(bed, "for i = 1, 2e7 do end print('long')", NULL);
    lua_bed_start(bed, "print('short')", NULL);
    lua_bed_wait(bed);
    assert_string_equal(bed->output.text, "short\nlong\n");
}

static void states_share_nothing(void **state)
{
    struct lua_bed *bed = *state;

    lua_bed_prints(bed, "x = 1 string.y = 2", "");
    lua_bed_prints(bed, "print(x, string.y)", "nil\tnil\n");
}

static void a_deadline_ends_an_endless_loop(void **state)
{
    struct vm_script script = {.deadline_us = 50000};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed, "\nwhile true do end", &script),
                     VM_TIMED_OUT);
    if (strstr(bed->error.text, "test.lua:2: the deadline") == NULL)
        fail_msg("%s", bed->error.text);
    assert_int_equal(vm_counters(bed->vm)->timed_out, 1);
}

/* --- Waiting --- */

static int answered(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    lua_pushinteger(L, ctx);
    return 1;
}

static void count_cancel(void *arg)
{
    ++*(int *)arg;
}

static int cancelled;

/* wait(n) returns n once somebody wakes the run. */
static int lua_wait(lua_State *L)
{
    return vm_wait(L, lua_tointeger(L, 1), answered, count_cancel, &cancelled);
}

static void add_wait(lua_State *L, void *arg)
{
    (void)arg;
    lua_register(L, "wait", lua_wait);
}

static void wake(void *arg)
{
    struct lua_bed *bed = arg;

    vm_wake(bed->run);
}

static void run_waiting(struct lua_bed *bed, const char *text,
                        const char *expected)
{
    struct vm_script script = {.prepare = add_wait};
    struct loop_source *timer;

    strbuf_reset(&bed->output);
    cancelled = 0;
    lua_bed_start(bed, text, &script);
    timer = loop_after(bed->loop, 20000, LOOP_PEER, wake, bed);
    lua_bed_wait(bed);
    loop_source_free(timer);
    assert_int_equal(bed->result, VM_DONE);
    assert_string_equal(bed->output.text, expected);
    assert_int_equal(cancelled, 0);
}

static void a_function_can_wait(void **state)
{
    run_waiting(*state, "print(wait(7))", "7\n");
}

static void a_function_can_wait_in_coroutines(void **state)
{
    run_waiting(*state,
                "local inner = coroutine.wrap(function(a)"
                " local b = coroutine.yield(a + 1)"
                " coroutine.yield(wait(b)) end)\n"
                "local outer = coroutine.create(function()"
                " print(inner(1)) print(inner(40)) return 'end' end)\n"
                "print(coroutine.resume(outer))"
                "print(coroutine.status(outer))",
                "2\n40\ntrue\tend\ndead\n");
}

static void a_function_can_wait_in_pcall_and_sort(void **state)
{
    run_waiting(*state,
                "local n = 0 local t = {3, 1, 2}\n"
                "table.sort(t, function(a, b) n = n + 1"
                " if n == 2 then pcall(wait, 1) end return a < b end)"
                "print(table.concat(t, ' '))",
                "1 2 3\n");
}

static void waiting_where_lua_cannot_is_an_error(void **state)
{
    struct vm_script script = {.prepare = add_wait};
    struct lua_bed *bed = *state;

    cancelled = 0;
    assert_int_equal(
        lua_bed_run(bed, "print(pcall(string.gsub, 'x', 'x', wait))", &script),
        VM_DONE);
    assert_non_null(strstr(bed->output.text, "cannot wait"));
    assert_int_equal(cancelled, 1);
}

static void a_deadline_ends_one_that_waits(void **state)
{
    struct vm_script script = {.prepare = add_wait, .deadline_us = 20000};
    struct lua_bed *bed = *state;

    cancelled = 0;
    assert_int_equal(lua_bed_run(bed, "pcall(wait, 1)", &script), VM_TIMED_OUT);
    assert_int_equal(cancelled, 1);
}

static void cancelling_ends_at_once(void **state)
{
    struct vm_script script = {.prepare = add_wait};
    struct lua_bed *bed = *state;
    struct vm_run *waiting;

    cancelled = 0;
    waiting = lua_bed_start(bed, "wait(1)", &script);
    lua_bed_start(bed, "print(1)", NULL);
    vm_cancel(lua_bed_start(bed, "print(2)", NULL)); /* never began */
    bed->active -= 2;
    lua_bed_wait(bed);
    assert_int_equal(vm_counters(bed->vm)->waiting, 1);
    vm_cancel(waiting);
    assert_int_equal(cancelled, 1);
    assert_int_equal(vm_counters(bed->vm)->cancelled, 2);
    assert_int_equal(vm_counters(bed->vm)->waiting, 0);
    assert_int_equal(vm_counters(bed->vm)->memory, 0);
}

static void the_end_of_the_machine_ends_all(void **state)
{
    struct vm_script script = {.prepare = add_wait};
    struct lua_bed *bed = *state;

    cancelled = 0;
    lua_bed_start(bed, "coroutine.wrap(function() wait(1) end)()", &script);
    lua_bed_start(bed, "while true do end", NULL);
    lua_bed_start(bed, "print(1)", NULL);
    bed->active = 1;
    lua_bed_wait(bed);
    bed->active = 2; /* as the teardown checks */
    vm_free(bed->vm);
    assert_int_equal(cancelled, 1);
    bed->vm = vm_new(&bed->config);
    bed->active = 0;
}

static void a_thousand_waiting_runs_stay_within_the_cap(void **state)
{
    struct vm_script script = {.prepare = add_wait};
    struct lua_bed *bed = *state;
    const struct vm_counters *counters = vm_counters(bed->vm);

    cancelled = 0;
    for (int i = 0; i < 1000; i++)
        assert_non_null(lua_bed_start(bed, "wait(1)", &script));
    assert_null(vm_start(bed->vm, &(struct vm_script){.path = "x"}));
    assert_int_equal(counters->refused, 1);
    for (int i = 0; i < 10000 && counters->waiting < 1000; i++) {
        struct loop_source *stop = loop_after(
            bed->loop, 1000, LOOP_PAGE, (void (*)(void *))loop_stop, bed->loop);

        loop_run(bed->loop);
        loop_source_free(stop);
    }
    assert_int_equal(counters->waiting, 1000);
    assert_in_range(counters->memory, 1, 64 << 20);
    print_message("# a waiting run has %zu bytes\n", counters->memory / 1000);
    vm_free(bed->vm);
    assert_int_equal(cancelled, 1000);
    bed->vm = vm_new(&bed->config);
    bed->active = 0;
}

/* --- Output --- */

static void room(void *arg)
{
    struct lua_bed *bed = arg;

    bed->is_full = false;
    vm_output_ready(bed->run);
}

static void print_waits_for_the_writer(void **state)
{
    struct lua_bed *bed = *state;
    struct loop_source *timer;

    bed->is_full = true;
    lua_bed_start(bed, "print(1) print(2) io.stdout:write(3):write(4)", NULL);
    timer = loop_after(bed->loop, 20000, LOOP_PEER, room, bed);
    loop_source_pause(timer);
    for (int i = 0; i < 3; i++) {
        struct loop_source *stop = loop_after(
            bed->loop, 1000, LOOP_PAGE, (void (*)(void *))loop_stop, bed->loop);

        loop_run(bed->loop);
        loop_source_free(stop);
    }
    assert_string_equal(bed->output.text, "1\n");
    loop_source_resume(timer);
    lua_bed_wait(bed);
    loop_source_free(timer);
    assert_string_equal(bed->output.text, "1\n2\n34");
}

/* The deadline is the script's, and the reader takes longer than that. */
static void a_slow_reader_is_not_the_scripts_fault(void **state)
{
    struct vm_script script = {.deadline_us = 100000};
    struct lua_bed *bed = *state;
    struct loop_source *timer;

    bed->is_full = true;
    lua_bed_start(bed, "print(1) print(2)", &script);
    timer = loop_after(bed->loop, 300000, LOOP_PEER, room, bed);
    lua_bed_wait(bed);
    loop_source_free(timer);
    assert_int_equal(bed->result, VM_DONE);
    assert_string_equal(bed->output.text, "1\n2\n");
    strbuf_reset(&bed->output);
    bed->is_full = true;
    lua_bed_start(bed, "print(1) while true do end", &script);
    timer = loop_after(bed->loop, 300000, LOOP_PEER, room, bed);
    lua_bed_wait(bed);
    loop_source_free(timer);
    assert_int_equal(bed->result, VM_TIMED_OUT);
}

static void output_where_lua_cannot_wait_is_bounded(void **state)
{
    struct lua_bed *bed = *state;

    bed->is_full = true;
    assert_int_equal(
        lua_bed_run(bed,
                    "local s = ('x'):rep(1000);"
                    "('x'):rep(1e4):gsub('x', function() print(s) end)",
                    NULL),
        VM_FAILED);
    if (strstr(bed->error.text, "too much output") == NULL)
        fail_msg("%s", bed->error.text);
    assert_in_range(bed->output.len, 1 << 20, 2 << 20);
}

static bool cancelling_write(void *arg, const char *bytes, size_t len)
{
    struct lua_bed *bed = arg;

    (void)bytes;
    (void)len;
    vm_cancel(bed->run);
    return true;
}

static void a_writer_may_cancel(void **state)
{
    struct lua_bed *bed = *state;
    struct vm_script script = {
        .path = "gone.lua",
        .source = "while true do pcall(print, 1) end",
        .source_len = 33,
        .write = cancelling_write,
        .ended = bed_ended,
        .arg = bed,
    };

    struct vm_run *other = lua_bed_start(bed, "print(1)", NULL);

    assert_non_null(other);
    bed->run = vm_start(bed->vm, &script);
    lua_bed_wait(bed);
    while (vm_counters(bed->vm)->active > 0) {
        struct loop_source *stop = loop_after(
            bed->loop, 1000, LOOP_PAGE, (void (*)(void *))loop_stop, bed->loop);

        loop_run(bed->loop);
        loop_source_free(stop);
    }
    assert_int_equal(vm_counters(bed->vm)->cancelled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LUA_TEST(a_script_runs_and_prints),
        LUA_TEST(an_error_tells_file_line_and_traceback),
        LUA_TEST(a_missing_script_fails),
        LUA_TEST(arguments_are_passed),
        LUA_TEST(a_page_prints_as_it_is),
        LUA_TEST(runs_take_turns),
        LUA_TEST(states_share_nothing),
        LUA_TEST(a_deadline_ends_an_endless_loop),
        LUA_TEST(a_function_can_wait),
        LUA_TEST(a_function_can_wait_in_coroutines),
        LUA_TEST(a_function_can_wait_in_pcall_and_sort),
        LUA_TEST(waiting_where_lua_cannot_is_an_error),
        LUA_TEST(a_deadline_ends_one_that_waits),
        LUA_TEST(cancelling_ends_at_once),
        LUA_TEST(the_end_of_the_machine_ends_all),
        LUA_TEST(a_thousand_waiting_runs_stay_within_the_cap),
        LUA_TEST(print_waits_for_the_writer),
        LUA_TEST(a_slow_reader_is_not_the_scripts_fault),
        LUA_TEST(output_where_lua_cannot_wait_is_bounded),
        LUA_TEST(a_writer_may_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
