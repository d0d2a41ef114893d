/* test_vm_abuse: scripts that want more than they get.
 * SPDX-License-Identifier: MIT */
#include <lua.h>

#include "lua/slices.h"
#include "lua_bed.h"

/*
 * Each of these ends its own run, in time, and nothing else: a neighbour that
 * waits for its turn all the while prints its word.
 */
#define DEADLINE_US 100000

static const struct abuse {
    const char *name;
    const char *text;
    /* VM_DONE: any end but a crash or a stall is fine. */
    enum vm_result result;
} abuses[] = {
    {"endless loop", "while true do end", VM_TIMED_OUT},
    {"goto", "::a:: goto a", VM_TIMED_OUT},
    {"pcall in a loop",
     "while true do pcall(function() while true do end end) end", VM_TIMED_OUT},
    {"pcall of pcall of a loop",
     "pcall(pcall, pcall, pcall, function() while true do end end)",
     VM_TIMED_OUT},
    {"xpcall whose handler loops",
     "xpcall(function() while true do end end,"
     " function() while true do end end)",
     VM_TIMED_OUT},
    {"handler loops in a place that cannot wait",
     "local s = ('x'):gsub('x', function()"
     " xpcall(function() while true do end end,"
     "  function() while true do end end) end)",
     VM_TIMED_OUT},
    {"error whose handler loops",
     "while true do xpcall(error, function() while true do end end) end",
     VM_TIMED_OUT},
    {"error in error handlers", "xpcall(error, function() error(error) end, 1)",
     VM_DONE},
    {"error handlers without end",
     "local function h() return xpcall(error, h) end while true do h() end",
     VM_TIMED_OUT},
    {"recursion", "local function f() return 1 + f() end f()",
     VM_OUT_OF_MEMORY},
    {"recursion that is caught",
     "local function f() pcall(f) end while true do f() end", VM_TIMED_OUT},
    {"recursion by tail calls", "local function f() return f() end f()",
     VM_TIMED_OUT},
    {"recursion by metamethods",
     "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k)"
     " return t[k + 1] end return t[1]",
     VM_FAILED},
    {"recursion by __tostring",
     "local t = setmetatable({}, {__tostring = function(t)"
     " return tostring(t) end}) print(t)",
     VM_FAILED},
    {"string.rep", "local s = ('x'):rep(1e10)", VM_FAILED},
    {"string.rep of some", "local s = ('x'):rep(1e9)", VM_OUT_OF_MEMORY},
    {"string.rep that is caught",
     "while true do pcall(string.rep, 'x', 1e9) end", VM_OUT_OF_MEMORY},
    {"string.rep of nothing", "local s = (''):rep(1e18) while true do end",
     VM_TIMED_OUT},
    {"growing string", "local s = 'x' while true do s = s .. s end",
     VM_OUT_OF_MEMORY},
    {"growing string that is caught",
     "local s = 'x' while true do pcall(function() s = s .. s end) end",
     VM_OUT_OF_MEMORY},
    {"comparison of long strings",
     "local a, b = ('x'):rep(1e6) .. 'a', ('x'):rep(1e6) .. 'b' "
     "while true do local c = a < b end",
     VM_TIMED_OUT},
    {"table bomb", "local t = {} for i = 1, 1e12 do t[i] = {} end",
     VM_OUT_OF_MEMORY},
    {"table bomb that is caught",
     "t = {} while true do pcall(function() for i = 1, 1e12 do"
     " t[#t + 1] = {{}} end end) end",
     VM_DONE},
    {"bomb of coroutines",
     "local t = {} while true do t[#t + 1] ="
     " coroutine.create(function() end) end",
     VM_OUT_OF_MEMORY},
    {"endless loop in a coroutine",
     "coroutine.wrap(function() while true do end end)()", VM_TIMED_OUT},
    {"coroutines in coroutines",
     "local function f() coroutine.wrap(f)() end while true do pcall(f) end",
     VM_TIMED_OUT},
    {"many short coroutines",
     "local function f(n) for i = 1, 100 do if n > 0 then"
     " coroutine.wrap(f)(n - 1) end end end while true do f(50) end",
     VM_TIMED_OUT},
    {"coroutine that swallows in a place that cannot wait",
     "('x'):gsub('x', function() coroutine.wrap(function() while true do"
     " pcall(function() while true do end end) end end)() end)",
     VM_TIMED_OUT},
    {"resume of a chain of loops",
     "while true do local co = coroutine.create(function() while true do"
     " coroutine.yield() end end) for i = 1, 1000 do coroutine.resume(co)"
     " end end",
     VM_TIMED_OUT},
    {"comparison that loops",
     "table.sort({1, 2, 3}, function() while true do end end)", VM_TIMED_OUT},
    {"comparison that swallows",
     "table.sort({1, 2, 3}, function() while true do pcall(function()"
     " while true do end end) end end)",
     VM_TIMED_OUT},
    {"callback that swallows",
     "('x'):gsub('x', function() while true do pcall(function()"
     " while true do end end) end end)",
     VM_TIMED_OUT},
    {"reader of load that loops", "load(function() while true do end end)",
     VM_TIMED_OUT},
    {"reader of load without end", "load(function() return ' ' end)",
     VM_TIMED_OUT},
    {"reader of load that is a C function", "load(os.time)", VM_OUT_OF_MEMORY},
    {"__tostring that loops",
     "tostring(setmetatable({}, {__tostring = function() while true do end"
     " end}))",
     VM_TIMED_OUT},
    {"error object whose __tostring loops",
     "error(setmetatable({}, {__tostring = function() while true do"
     " pcall(function() while true do end end) end end}))",
     VM_FAILED},
    {"error object whose __tostring eats",
     "error(setmetatable({}, {__tostring = function() return"
     " ('x'):rep(1e8) end}))",
     VM_FAILED},
    {"error object whose __tostring fails",
     "error(setmetatable({}, {__tostring = function() error() end}))",
     VM_FAILED},
    {"error object whose __tostring is none",
     "error(setmetatable({}, {__tostring = function() return {} end}))",
     VM_FAILED},
    {"__gc that loops",
     "setmetatable({}, {__gc = function() while true do end end})"
     " collectgarbage() for i = 1, 1e5 do local t = {} end",
     VM_DONE},
    {"__gc that comes later",
     "local m = {__gc = true} for i = 1, 10 do setmetatable({}, m) end"
     " m.__gc = function() while true do end end collectgarbage()",
     VM_DONE},
    {"__gc at the end",
     "keep = setmetatable({}, {__gc = function() while true do end end})",
     VM_DONE},
    {"__gc of files",
     "getmetatable(io.open('x', 'w')).__gc = function() while true do end end",
     VM_FAILED},
    {"__len without end",
     "local t = setmetatable({}, {__len = function() return 1 << 60 end})"
     " table.insert(t, 1, 2)",
     VM_TIMED_OUT},
    {"__len for remove",
     "local t = setmetatable({}, {__len = function() return 1 << 60 end})"
     " while true do pcall(table.remove, t, 1) end",
     VM_TIMED_OUT},
    {"table.move without end", "table.move({}, 1, math.maxinteger - 1, 2)",
     VM_TIMED_OUT},
    {"table.move to the last number",
     "table.move({}, math.maxinteger - 2, math.maxinteger, 1)", VM_DONE},
    {"sort of what is not there",
     "table.sort(setmetatable({}, {__len = function() return 1 << 25 end}),"
     " rawequal)",
     VM_DONE},
    {"table.concat without end",
     "table.concat(setmetatable({}, {__index = function() return 'x' end}),"
     " '', 1, math.maxinteger - 1)",
     VM_DONE},
    {"byte-code", "load(string.dump(function() end))", VM_FAILED},
    {"byte-code as text", "assert(load('\\27Lua'))", VM_FAILED},
    {"byte-code that insists", "assert(load('\\27LuaS', 'x', 'b'))", VM_FAILED},
    {"garbage collection without end",
     "local t = {} for i = 1, 1e5 do t[i] = {} end"
     " while true do collectgarbage() end",
     VM_TIMED_OUT},
    {"stopped garbage collection",
     "collectgarbage('stop') for i = 1, 1e9 do local t = {} end", VM_TIMED_OUT},
    {"too many results", "return table.unpack({}, 1, 1e7)", VM_FAILED},
    {"too many arguments",
     "local f = function(...) return select('#', ...) end"
     " f(string.byte(('x'):rep(1e6), 1, -1))",
     VM_FAILED},
    {"deep nesting", "load(('('):rep(1e5))()", VM_FAILED},
    {"large chunk", "load('x = {' .. ('{},'):rep(1e5) .. '}')()", VM_DONE},
    {"deep pattern", "('x'):rep(300000):find(('(x?'):rep(30))", VM_FAILED},
    {"pattern that nests", "('a'):rep(300000):match('.-.-b')", VM_TIMED_OUT},
    {"dead coroutine where no byte is left",
     "local co = coroutine.create(error) coroutine.resume(co)\n"
     "local keep, n = {}, 0 for i = 1, 1e5 do keep[i] = false end\n"
     "local function left()"
     " return (32 << 20) - collectgarbage('count') * 1024 // 1 | 0 end\n"
     "local function fill(size) n = n + 1 keep[n] = ('x'):rep(size) end\n"
     "while left() > 1 << 20 do fill(left() // 3) end\n"
     "for i = 1, 2000 do collectgarbage('step') end\n"
     "while left() > 4000 do fill(900) end\n"
     "for i = 1, 2000 do collectgarbage('step') end\n"
     "while left() > 2000 do fill(900) end fill(left() // 2 - 25)\n"
     "if left() > 60 then fill(left() - 27) end\n"
     "coroutine.resume(co)",
     VM_DONE},
    {"output without end", "while true do print('x') end", VM_DONE},
    {"string metatable",
     "getmetatable('').__index = function() while true do end end"
     " local x = ('x').y",
     VM_TIMED_OUT},
    {"no library left",
     "string = nil table = nil print = nil _G = nil"
     " while true do end",
     VM_TIMED_OUT},
    {"loop in require",
     "package.preload.x = function() while true do end end require 'x'",
     VM_TIMED_OUT},
    {"require in require",
     "package.preload.x = function() require 'x' end require 'x'", VM_FAILED},
    {"what is not there",
     "assert(not (os.execute or os.exit or os.remove or os.rename or"
     " os.tmpname or os.getenv or io.popen or io.tmpfile or io.read or"
     " package.loadlib or package.searchers or debug.sethook or"
     " debug.getregistry or debug.setmetatable or string.dump))",
     VM_DONE},
};

static void neighbour_ended(void *arg, enum vm_result result, const char *error)
{
    (void)error;
    *(enum vm_result *)arg = result;
}

/* @return whether this one ended as it should. */
static bool abuse_ends(struct lua_bed *bed, const struct abuse *abuse)
{
    static const char neighbour_text[] = "for i = 1, 1000 do end";
    struct vm_script script = {
        .deadline_us = DEADLINE_US, .memory = 32 << 20, .path = "abuse.lua"};
    enum vm_result neighbour = VM_CANCELLED;
    struct vm_script other = {
        .path = "neighbour.lua",
        .source = neighbour_text,
        .source_len = sizeof(neighbour_text) - 1,
        .ended = neighbour_ended,
        .arg = &neighbour,
    };

    if (abuse->result == VM_OUT_OF_MEMORY)
        script.deadline_us *= 100; /* which is not to come first */
    strbuf_reset(&bed->output);
    assert_non_null(lua_bed_start(bed, abuse->text, &script));
    assert_non_null(vm_start(bed->vm, &other));
    lua_bed_wait(bed);
    while (vm_counters(bed->vm)->active > 0) {
        struct loop_source *stop = loop_after(
            bed->loop, 1000, LOOP_PAGE, (void (*)(void *))loop_stop, bed->loop);

        loop_run(bed->loop);
        loop_source_free(stop);
    }
    if (neighbour != VM_DONE) {
        print_message("# %s: the neighbour suffered\n", abuse->name);
        return false;
    }
    if (vm_counters(bed->vm)->memory != 0) {
        print_message("# %s: memory is left\n", abuse->name);
        return false;
    }
    if (abuse->result == VM_DONE || bed->result == abuse->result)
        return true;
    print_message("# %s: result %d, not %d: %s\n", abuse->name, bed->result,
                  abuse->result, bed->error.text);
    return false;
}

static void each_ends_its_own_run(void **state)
{
    struct lua_bed *bed = *state;
    unsigned bad = 0;

    for (size_t i = 0; i < sizeof(abuses) / sizeof(*abuses); i++) {

        bad += !abuse_ends(bed, &abuses[i]);
    }
    assert_int_equal(bad, 0);
}

static void together_they_end_too(void **state)
{
    struct vm_script script = {.deadline_us = 4 * DEADLINE_US,
                               .memory = 8 << 20};
    struct lua_bed *bed = *state;

    for (size_t i = 0; i < sizeof(abuses) / sizeof(*abuses); i++)
        assert_non_null(lua_bed_start(bed, abuses[i].text, &script));
    lua_bed_wait(bed);
    assert_int_equal(vm_counters(bed->vm)->active, 0);
    assert_int_equal(vm_counters(bed->vm)->memory, 0);
}

/* A greedy run takes three quarters of all memory at most. */
static void greed_does_not_starve_the_others(void **state)
{
    struct lua_bed *bed = *state;
    struct vm_script greedy = {.deadline_us = 10000000, .memory = 64 << 20};

    (void)state;
    vm_free(bed->vm);
    bed->config.total_memory = 16 << 20;
    bed->vm = vm_new(&bed->config);
    for (int i = 0; i < 3; i++)
        lua_bed_start(bed, "t = {} for i = 1, 1e9 do t[i] = {} end", &greedy);
    lua_bed_start(bed, "t = {} for i = 1, 5000 do t[i] = {} end print('ok')",
                  NULL);
    lua_bed_wait(bed);
    assert_string_equal(bed->output.text, "ok\n");
    assert_int_equal(vm_counters(bed->vm)->out_of_memory, 3);
    assert_in_range(vm_counters(bed->vm)->memory_peak, 1, 16 << 20);
}

/* Many scripts at work, and each turn of the loop stays short. */
static void turns_stay_short(void **state)
{
    struct lua_bed *bed = *state;
    const struct loop_histogram *ran = loop_ran(bed->loop, LOOP_PAGE);

    for (int i = 0; i < 50; i++)
        lua_bed_start(bed,
                      "local t = {} for i = 1, 2000 do t[i] = 'x' .. i end"
                      " table.sort(t) local s = table.concat(t)"
                      " for i = 1, 1e5 do t[i % 100] = i end",
                      NULL);
    lua_bed_wait(bed);
    print_message("# turns of p50 %llu us, p99 %llu us, max %llu us\n",
                  (unsigned long long)loop_histogram_percentile(ran, 0.5),
                  (unsigned long long)loop_histogram_percentile(ran, 0.99),
                  (unsigned long long)ran->max_us);
    assert_int_equal(vm_counters(bed->vm)->done, 50);
    assert_in_range(loop_histogram_percentile(ran, 0.5), 0, 5000);
}

/* --- C functions that work in slices --- */

static bool endless_step(lua_State *L, void *state)
{
    (void)L;
    (void)state;
    usleep(1000);
    return true;
}

static int endless(lua_State *L)
{
    struct slices *slices = slices_new(L, sizeof(*slices), 0);

    slices->step = endless_step;
    return slices_run(L);
}

static void add_endless(lua_State *L, void *arg)
{
    (void)arg;
    lua_register(L, "endless", endless);
}

/* Where they cannot give way, time is short; and nothing catches that. */
static void slices_end_where_they_cannot_yield(void **state)
{
    static const char *const texts[] = {
        "tostring(setmetatable({}, {__tostring = endless}))",
        "local t = setmetatable({}, {__tostring = function()"
        " pcall(endless) return '' end}) pcall(tostring, t) print(1)",
        "local t = setmetatable({}, {__tostring = function()"
        " return coroutine.wrap(endless)() end}) pcall(tostring, t) print(1)",
    };
    struct lua_bed *bed = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct vm_script script = {.prepare = add_endless};

        assert_int_equal(lua_bed_run(bed, texts[i], &script), VM_TIMED_OUT);
        assert_null(bed->output.text != NULL ? strchr(bed->output.text, '1')
                                             : NULL);
    }
}

static void slices_end_by_the_deadline(void **state)
{
    struct vm_script script = {.prepare = add_endless, .deadline_us = 50000};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed, "endless()", &script), VM_TIMED_OUT);
    assert_int_equal(lua_bed_run(bed,
                                 "tostring(setmetatable({}, "
                                 "{__tostring = endless}))",
                                 &script),
                     VM_TIMED_OUT);
    assert_non_null(strstr(bed->error.text, "the deadline passed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LUA_TEST(each_ends_its_own_run),
        LUA_TEST(together_they_end_too),
        LUA_TEST(greed_does_not_starve_the_others),
        LUA_TEST(turns_stay_short),
        LUA_TEST(slices_end_where_they_cannot_yield),
        LUA_TEST(slices_end_by_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
