/* test_lua_lib: what scripts are given. SPDX-License-Identifier: MIT */
#include "lua_bed.h"

#include <lauxlib.h>
#include <lualib.h>

/* --- Against Lua's own --- */

/* A script that calls functions with arguments of all kinds and prints what
 * comes back; it must print the same here and in a plain Lua. */
static const char *const same_scripts[] = {
    /* patterns */
    "local texts = {'', 'a', 'abc', 'hello world', 'x=1, y=22', '[[a]]',"
    " 'THE (quick) fox', 'a.b-c*d', '\\0a\\0', '  trim  ', 'aaab', 'f(a(b)c)d',"
    " '/path/to/file.lua', 'key = value', 'Zz size', '1.5e3', ('ab'):rep(50)}\n"
    "local patterns = {'', 'a', '.', '.*', '.-', '^a', 'a$', '^$', '%a+', "
    "'%d*',"
    " '[a-c]', '[^a-c]', '[%a_][%w_]*', '()', '%Z', '(.)(.)', '(a*)(b*)', "
    "'%b()',"
    " '%f[%w]%w+', '%s*$', '^%s*(.-)%s*$', '(.-)=(.-)', '(%w+) = (%w+)',"
    " '[]]', '[^]]', '[a-]', '[%]]', 'a?b', 'a-b', '%.', '%%', '(a)%1', '%z',"
    " '.-%f[%W]', '[%z%s]', '%x%X', '%u%l', '%p', '%c', '%g+', 'o w', '(()a)',"
    " '[', '[a', '%', '(', ')', '%b', '%f', '(a', 'a)', '%1', '[a%', '%bx',"
    " '[]', '[^', '((((((((', '$', '^', '^^', 'a^', '$a', '*', '+a', '-'}\n"
    "local function show(...) local t = {...} for i = 1, select('#', ...) do"
    " t[i] = tostring(t[i]):gsub('^.*: ', '', 1):gsub('in pattern', '') end"
    " print(table.concat(t, '|')) end\n"
    "for _, s in ipairs(texts) do for _, p in ipairs(patterns) do\n"
    " show(pcall(string.find, s, p)) show(pcall(string.match, s, p))\n"
    " show(pcall(string.find, s, p, 3)) show(pcall(string.match, s, p, -2))\n"
    " show(pcall(string.find, s, p, 1, true))\n"
    " show(pcall(string.gsub, s, p, '<%0>'))\n"
    " show(pcall(string.gsub, s, p, '%1', 2))\n"
    " show(pcall(string.gsub, s, p, {a = 1, b = false}))\n"
    " show(pcall(string.gsub, s, p, function(a, b) return b end))\n"
    " show(pcall(function() local t = {} for a, b in s:gmatch(p) do"
    " t[#t + 1] = tostring(a) .. ':' .. tostring(b) end"
    " return table.concat(t, ',') end))\n"
    "end end",
    "print(pcall(string.gsub, 'a', 'a', '%2'))",
    "print(pcall(string.gsub, 'a', 'a', '%'))",
    "print(select(2, ('abc'):gsub('', '-')), (('abc'):gsub('', '-')))",
    "print(('a b c'):gsub('%w', '%0%0', 2))",
    /* tables */
    "local function show(t) print(table.concat(t, ' ', 1, #t)) end\n"
    "local t = {} for i = 1, 20 do table.insert(t, i) end show(t)\n"
    "table.insert(t, 1, 0) table.insert(t, 5, 99) table.insert(t, #t + 1, 7)"
    " show(t)\n"
    "print(table.remove(t), table.remove(t, 1), table.remove(t, 4)) show(t)\n"
    "print(table.remove({}), table.remove({}, 0), #t, table.remove(t, #t + "
    "1))\n"
    "print(pcall(table.insert, t, 100, 1)) print(pcall(table.insert, t))\n"
    "print((pcall(table.remove, t, 100))) print(pcall(table.insert, t, 1, 2, "
    "3))\n"
    "show(table.move(t, 1, 5, 3)) show(table.move(t, 3, 8, 1))\n"
    "show(table.move(t, 2, 4, 1, {1, 2, 3, 4})) show(table.move(t, 5, 1, 1))\n"
    "show(table.move({1, 2, 3}, 1, 0, 5))",
    "local t, x = {}, 42 for i = 1, 3000 do x = (x * 1103515245 + 12345) %"
    " 2147483648 t[i] = x end table.sort(t) for i = 2, #t do"
    " assert(t[i - 1] <= t[i]) end print(t[1], t[1500], t[3000])\n"
    "table.sort(t, function(a, b) return a > b end)"
    " print(t[1], t[1500], t[3000])\n"
    "for n = 0, 40 do local s = {} for i = 1, n do s[i] = (i * 7) % 11 end"
    " table.sort(s) print(table.concat(s, ' ')) end\n"
    "local w = {'pear', 'fig', 'apple'} table.sort(w)"
    " print(table.concat(w, ' '))\n"
    "print((pcall(table.sort, {1, 'x'})), (pcall(table.sort, {1, 2}, 3)))",
    /* errors, coroutines */
    "print(pcall(error, 'x', 0)) print(pcall(error, {1} and 'y'))\n"
    "print(xpcall(function(...) return ... end, print, 1, 2))\n"
    "print(xpcall(error, function(m) return m .. '!' end, 'oh'))\n"
    "print(pcall(xpcall)) print(select('#', xpcall(function() end, print)))",
    "local co = coroutine.create(function(a, b) print(a, b)"
    " print(coroutine.yield(1, 2)) error('end') end)\n"
    "print(coroutine.status(co)) print(coroutine.resume(co, 'a', 'b'))\n"
    "print(coroutine.status(co)) print(coroutine.resume(co, 'c'))\n"
    "print(coroutine.status(co)) print(coroutine.resume(co))\n"
    "local w = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i)"
    " end end) print(w(), w(), w(), w()) print(pcall(w))\n"
    "print(select(2, coroutine.running())) print(coroutine.isyieldable())\n"
    "print(coroutine.wrap(function() return coroutine.isyieldable(),"
    " select(2, coroutine.running()) end)())\n"
    "print(pcall(coroutine.yield)) print((pcall(coroutine.resume, 1)))\n"
    "local a, b a = coroutine.wrap(function() b() end)"
    " b = coroutine.wrap(function() a() end) print((pcall(a)))",
    "print(load('return 1')(), load('x ='), load('return x', 'n', 't',"
    " {x = 5})()) print((pcall(load)))\n"
    "local n = 0 print(load(function() n = n + 1 return ({'return ', '4',"
    " '2'})[n] end)())",
    "local t = setmetatable({}, {__index = function(t, k) return k .. '!' end,"
    " __len = function() return 3 end, __call = function(_, a) return a end})"
    " print(t.x, #t, t(4), getmetatable(t).__len())\n"
    "print(pcall(setmetatable, setmetatable({}, {__metatable = 1}), {}))\n"
    "print(pcall(setmetatable, 1)) print(type(setmetatable({}, nil)))",
    "print(('x'):rep(3), ('x'):rep(3, ','), ('x'):rep(0), (''):rep(5))\n"
    "print(string.format('%5.1f|%q|%s', 1.25, 'a\\n', nil))\n"
    "print(math.type(1), utf8.char(228), #utf8.char(8364), tostring(1e15))\n"
    "print(os.time({year = 2020, month = 1, day = 1, hour = 12}))\n"
    "print(os.date('!%Y-%m-%d', 86400), os.date('!*t', 0).year)",
};

/* Collect what a plain Lua prints. */
static int plain_print(lua_State *L)
{
    struct strbuf *out = lua_touserdata(L, lua_upvalueindex(1));
    int count = lua_gettop(L);

    for (int i = 1; i <= count; i++) {
        size_t len;
        const char *text = luaL_tolstring(L, i, &len);

        strbuf_add(out, i > 1 ? "\t" : "", i > 1);
        strbuf_add(out, text, len);
        lua_pop(L, 1);
    }
    strbuf_puts(out, "\n");
    return 0;
}

static void run_plain(const char *text, struct strbuf *out)
{
    lua_State *L = luaL_newstate();

    assert_non_null(L);
    luaL_openlibs(L);
    lua_pushlightuserdata(L, out);
    lua_pushcclosure(L, plain_print, 1);
    lua_setglobal(L, "print");
    if (luaL_loadbuffer(L, text, strlen(text), "@test.lua") != LUA_OK ||
        lua_pcall(L, 0, 0, 0) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

static void functions_do_what_those_of_lua_do(void **state)
{
    struct lua_bed *bed = *state;
    struct strbuf expected;

    strbuf_init(&expected, 64 << 20);
    for (size_t i = 0; i < sizeof(same_scripts) / sizeof(*same_scripts); i++) {
        strbuf_reset(&expected);
        run_plain(same_scripts[i], &expected);
        if (lua_bed_run(bed, same_scripts[i], NULL) != VM_DONE)
            fail_msg("%s", bed->error.text);
        if (strcmp(bed->output.text, expected.text) != 0) {
            const char *a = expected.text, *b = bed->output.text;

            while (*a == *b)
                a++, b++;
            while (a > expected.text && a[-1] != '\n')
                a--, b--;
            fail_msg("script %zu: Lua: %.200s\nhere: %.200s", i, a, b);
        }
    }
    strbuf_free(&expected);
}

/* --- Loading --- */

static void require_finds_modules(void **state)
{
    struct lua_bed *bed = *state;

    bed_file(bed, "install/scripts/lua/modules/m.lua",
             "print('loading', ...) return {x = 1}");
    bed_file(bed, "install/scripts/lua/modules/none.lua", "y = 2");
    bed_mkdir(bed, "install/scripts/lua/modules/sub");
    bed_file(bed, "install/scripts/lua/modules/sub/n.lua", "return 'sub'");
    bed_file(bed, "install/scripts/lua/modules/bad.lua", "x = = 1");
    assert_int_equal(lua_bed_run(bed,
                                 "print(require('m').x, require('m').x)"
                                 "print(require('none'), y)"
                                 "print(require('sub.n'))"
                                 "print(require('string') == string)"
                                 "print(require('io') == io)",
                                 NULL),
                     VM_DONE);
    assert_non_null(strstr(bed->output.text, "1\t1\ntrue\t2\nsub\ntrue\ntrue"));
    assert_non_null(strstr(bed->output.text, "loading\tm\t/tmp/"));
    lua_bed_fails(bed, "require 'bad'", "bad.lua:1:");
    lua_bed_fails(bed, "require 'gone'", "module 'gone' not found");
}

static void the_path_of_old_scripts_works(void **state)
{
    struct lua_bed *bed = *state;

    bed_file(bed, "install/scripts/lua/modules/m.lua", "return 'm'");
    lua_bed_prints(bed,
                   "dirs = ntop.getDirs()\n"
                   "package.path = dirs.installdir ..\n"
                   "  '/scripts/lua/modules/?.lua;' .. package.path\n"
                   "print(require 'm')",
                   "m\n");
}

static void modules_can_wait_while_they_load(void **state)
{
    struct lua_bed *bed = *state;

    bed_file(bed, "install/scripts/lua/modules/slow.lua",
             "for i = 1, 1e6 do end return 'slow'");
    bed_file(bed, "install/scripts/lua/modules/slower.lua",
             "return require('slow') .. 'er'");
    lua_bed_prints(bed, "print(require 'slower')", "slower\n");
}

static void nothing_is_loaded_from_elsewhere(void **state)
{
    struct lua_bed *bed = *state;
    char text[600];

    bed_file(bed, "out/evil.lua", "print('evil')");
    snprintf(text, sizeof(text), "%s/install/scripts/lua/modules/link.lua",
             bed->root);
    assert_int_equal(symlink("../../../../out/evil.lua", text), 0);
    snprintf(text, sizeof(text),
             "local evil = '%s/out/evil.lua'\n"
             "print(loadfile(evil))\n"
             "print((pcall(dofile, evil)))\n"
             "print((loadfile('../../../../out/evil.lua')))\n"
             "print((loadfile('link.lua')))\n"
             "package.path = '%s/out/?.lua;%s/install/scripts/../../out/?.lua'"
             "print((pcall(require, 'evil')))"
             "print((loadfile('/proc/self/fd/0')))",
             bed->root, bed->root, bed->root);
    assert_int_equal(lua_bed_run(bed, text, NULL), VM_DONE);
    assert_null(strstr(bed->output.text, "\nevil"));
    assert_non_null(strstr(bed->output.text, "Permission denied\nfalse\nnil\n"
                                             "nil\nfalse\nnil\n"));
}

static void code_is_kept_until_the_file_changes(void **state)
{
    struct vm_script script = {0};
    struct lua_bed *bed = *state;
    char *path = bed_path(bed, "install/scripts/lua/a.lua");
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    script.path = path;
    bed_file(bed, "install/scripts/lua/a.lua", "print(1)");
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    usleep(150000); /* a file that has just changed is not kept */
    for (int i = 0; i < 3; i++)
        assert_int_equal(lua_bed_run(bed, NULL, &script), VM_DONE);
    assert_string_equal(bed->output.text, "1\n");
    assert_int_equal(vm_counters(bed->vm)->code_hits, 2);
    assert_int_equal(vm_counters(bed->vm)->code_misses, 1);
    assert_true(vm_counters(bed->vm)->code_bytes > 0);
    bed_file(bed, "install/scripts/lua/a.lua", "print(2)");
    assert_int_equal(lua_bed_run(bed, NULL, &script), VM_DONE);
    assert_string_equal(bed->output.text, "2\n");
    bed_file(bed, "install/scripts/lua/a.lua", "\n\nerror('x')");
    assert_int_equal(lua_bed_run(bed, NULL, &script), VM_FAILED);
    assert_non_null(strstr(bed->error.text, "a.lua:3: x"));
    bed_file(bed, "install/scripts/lua/a.lua", "#!/usr/bin/lua\nprint(3)");
    assert_int_equal(lua_bed_run(bed, NULL, &script), VM_DONE);
    assert_string_equal(bed->output.text, "3\n");
    free(path);
}

static void a_prelude_is_loaded_if_it_is_there(void **state)
{
    struct vm_script script = {.prelude = "lua_utils"};
    struct lua_bed *bed = *state;

    assert_int_equal(lua_bed_run(bed, "print(helper)", &script), VM_DONE);
    assert_string_equal(bed->output.text, "nil\n");
    bed_file(bed, "install/scripts/lua/modules/lua_utils.lua", "helper = 1");
    assert_int_equal(lua_bed_run(bed, "print(helper, ...)", &script), VM_DONE);
    assert_string_equal(bed->output.text, "1\n");
}

/* --- Files --- */

static void files_are_those_of_the_data_directory(void **state)
{
    struct lua_bed *bed = *state;
    char text[1024];

    bed_file(bed, "out/secret", "secret");
    snprintf(text, sizeof(text), "%s/data/link", bed->root);
    assert_int_equal(symlink("../out/secret", text), 0);
    lua_bed_prints(bed,
                   "local f = assert(io.open('a.txt', 'w'))\n"
                   "print(io.type(f), f:write('one\\n', 2, '\\n') == f)\n"
                   "f:close() print(io.type(f), io.type(io.stdout))\n"
                   "for line in io.lines('a.txt') do print(line) end\n"
                   "f = io.open(ntop.getDirs().workingdir .. '/a.txt', 'a+')"
                   "f:write('3') f:seek('set') print(f:read('a'))\n"
                   "print(io.open('link')) print(io.open('/etc/passwd'))\n"
                   "print(io.open('../out/secret')) print(io.open('.'))\n"
                   "print(io.open('new/x', 'w')) print(io.open('none'))\n"
                   "print(pcall(io.open, 'a.txt', 'x'))\n"
                   "print(pcall(io.open, 'a\\0b')) print(getmetatable(f))",
                   "file\ttrue\nclosed file\tnil\none\n2\none\n2\n3\n"
                   "nil\tlink: Permission denied\t13\n"
                   "nil\t/etc/passwd: Permission denied\t13\n"
                   "nil\t../out/secret: Permission denied\t13\n"
                   "nil\t.: Permission denied\t13\n"
                   "nil\tnew/x: No such file or directory\t2\n"
                   "nil\tnone: No such file or directory\t2\n"
                   "false\tbad argument #2 to 'io.open' (invalid mode)\n"
                   "false\tio.open: expected open(path: string, [mode: string])"
                   "\nfalse\n");
}

static void open_files_are_bounded(void **state)
{
    lua_bed_prints(*state,
                   "io.open('a', 'w'):close() local t = {}\n"
                   "for i = 1, 100 do t[i] = io.open('a') end print(#t)\n"
                   "print(io.open('a')) t = nil",
                   "32\nnil\ta: Too many open files\t24\n");
}

static void directories_can_be_made_and_removed(void **state)
{
    lua_bed_prints(
        *state,
        "local w = ntop.getDirs().workingdir\n"
        "print(ntop.mkdir(w .. '/a/b/c'), ntop.isdir(w .. '/a/b/c'))\n"
        "print(ntop.mkdir('a/b/c'), ntop.mkdir(''))\n"
        "io.open('a/b/f', 'w'):write('x'):close() io.open('a/e', 'w'):close()\n"
        "print(ntop.exists('a/b/f'), ntop.notEmptyFile('a/b/f'),"
        " ntop.notEmptyFile('a/e'), ntop.exists('a/z'))\n"
        "print(math.abs(ntop.fileLastChange('a/b/f') - os.time()) < 5,"
        " ntop.fileLastChange('a/z'))\n"
        "local l = ntop.readdir('a') print(l.b, l.e, l.z)\n"
        "for i = 1, 300 do io.open('a/b/c/' .. i, 'w'):close() end\n"
        "local n = 0 for k in pairs(ntop.readdir('a/b/c')) do n = n + 1 end"
        " print(n)\n"
        "print(ntop.rmdir('a'), ntop.exists('a'), ntop.rmdir('a'))\n"
        "print(pcall(ntop.mkdir, '/tmp/kelvin-none'))\n"
        "print(ntop.mkdir('../x'), (pcall(ntop.rmdir, w)),"
        " ntop.rmdir('../out'), ntop.rmdir('.'))\n"
        "print(pcall(ntop.mkdir))",
        "true\ttrue\ntrue\ttrue\ntrue\ttrue\tfalse\tfalse\ntrue\t-1\n"
        "b\te\tnil\n300\ntrue\tfalse\tfalse\n"
        "false\tntop.mkdir: /tmp/kelvin-none: not inside the data directory\n"
        "false\tfalse\tfalse\tfalse\n"
        "false\tntop.mkdir: expected mkdir(path: string)\n");
}

/* --- ntop --- */

static void ntop_tells_of_the_program(void **state)
{
    lua_bed_prints(
        *state,
        "local i = ntop.getInfo() print(i.product, i.bits, i['version.lua'])\n"
        "print(ntop.getInfo(false)['version.lua'], ntop.getUptime() > 0)\n"
        "print(ntop.isPro(), ntop.isEnterprise(), ntop.isWindows(),"
        " ntop.hasGeoIP(), ntop.hasVLANs())\n"
        "print(ntop.checkLicense(), ntop.getNologinUser(),"
        " ntop.isLoginDisabled(), ntop.getHttpPrefix() == '')\n"
        "print(math.abs(ntop.gettimemsec() - os.time()) < 5)\n"
        "local s = ntop.systemHostStat()\n"
        "print(s.cpu_load > 0, s.cpu_idle > 0, s.mem_total > s.mem_used)\n"
        "print(next(ntop.getLocalNetworks()), ntop.getNetworkNameById(0))\n"
        "print(ntop.getservbyport(80, 'tcp'), ntop.getservbyport(1, 'x'))\n"
        "print((ntop.httpRedirect('/a'):gsub('\\r\\n', '|')))\n"
        "print(pcall(ntop.httpRedirect, 'a\\r\\nb'))\n"
        "print(pcall(ntop.rrd_create, 'x.rrd', 1, 'DS:n:GAUGE:5:0:U'))\n"
        "print(pcall(ntop.setLoggingLevel, 'loud'))",
        "kelvin\t64\tLua 5.3.6\nnil\ttrue\n"
        "false\tfalse\tfalse\tfalse\tfalse\n1\tnologin\ttrue\ttrue\ntrue\n"
        "true\ttrue\ttrue\nnil\t\n80\t1\n"
        "HTTP/1.1 302 Found|Location: /a|Content-Length: 0||\n"
        "false\tntop.httpRedirect: a control character in the target\n"
        "false\tthere are no time series\n"
        "false\tntop.setLoggingLevel: expected setLoggingLevel(\"trace\","
        " \"debug\", \"info\", \"normal\", \"warning\" or \"error\")\n");
}

static void ntop_knows_addresses(void **state)
{
    lua_bed_prints(
        *state,
        "print(ntop.inet_ntoa(3232235777), ntop.inet_ntoa('16909060'))\n"
        "print(pcall(ntop.inet_ntoa, -1))\n"
        "print(ntop.networkPrefix('192.168.1.2', 24),"
        " ntop.networkPrefix('10.1.2.3', 0),"
        " ntop.networkPrefix('2001:db8::1', 33))\n"
        "print(pcall(ntop.networkPrefix, '1.2.3.4', 33))\n"
        "print(pcall(ntop.networkPrefix, 'x', 3))\n"
        "print(pcall(ntop.send_udp_data, 'name', 1, 'x'))\n"
        "print(ntop.getMacManufacturer('00:00:00:00:00:00'))",
        "192.168.1.1\t1.2.3.4\n"
        "false\tntop.inet_ntoa: expected inet_ntoa(address: number)\n"
        "192.168.1.0\t0.0.0.0\t2001:db8::\n"
        "false\tntop.networkPrefix: 33 bits are too many for 1.2.3.4\n"
        "false\tntop.networkPrefix: x is no address\n"
        "false\tntop.send_udp_data: name is no address\nnil\n");
}

static void the_clock_is_that_of_the_run(void **state)
{
    struct vm_script script = {.clock_us = 1497300991LL * 1000000};
    struct lua_bed *bed = *state;

    assert_int_equal(
        lua_bed_run(bed, "print(os.time(), os.date('!%Y-%m-%d'))", &script),
        VM_DONE);
    assert_string_equal(bed->output.text, "1497300991\t2017-06-12\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LUA_TEST(functions_do_what_those_of_lua_do),
        LUA_TEST(require_finds_modules),
        LUA_TEST(the_path_of_old_scripts_works),
        LUA_TEST(modules_can_wait_while_they_load),
        LUA_TEST(nothing_is_loaded_from_elsewhere),
        LUA_TEST(code_is_kept_until_the_file_changes),
        LUA_TEST(a_prelude_is_loaded_if_it_is_there),
        LUA_TEST(files_are_those_of_the_data_directory),
        LUA_TEST(open_files_are_bounded),
        LUA_TEST(directories_can_be_made_and_removed),
        LUA_TEST(ntop_tells_of_the_program),
        LUA_TEST(ntop_knows_addresses),
        LUA_TEST(the_clock_is_that_of_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
