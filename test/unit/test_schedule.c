/* test_schedule: callbacks and their times. SPDX-License-Identifier: MIT */
#include "lua_bed.h"

#include "lua/schedule.h"
#include "traffic.h"

/* --- Times --- */

static int64_t next_s(enum schedule_kind kind, int64_t now_s, long offset_s)
{
    return schedule_next_us(kind, now_s * SECOND_US + 5, offset_s) / SECOND_US;
}

static void times_begin_with_the_clock(void **state)
{
    int64_t noon = 1600000000 / 86400 * 86400 + 43200;

    (void)state;
    assert_int_equal(next_s(SCHEDULE_SECOND, noon, 0), noon + 1);
    assert_int_equal(next_s(SCHEDULE_MINUTE, noon + 59, 0), noon + 60);
    assert_int_equal(next_s(SCHEDULE_MINUTE, noon + 60, 0), noon + 120);
    assert_int_equal(next_s(SCHEDULE_5MIN, noon + 61, 0), noon + 300);
    assert_int_equal(next_s(SCHEDULE_HOURLY, noon + 61, 0), noon + 3600);
    assert_int_equal(next_s(SCHEDULE_DAILY, noon, 0), noon + 43200);
    assert_int_equal(next_s(SCHEDULE_HOUSEKEEPING, noon, 0), noon + 60);
}

static void days_begin_where_we_are(void **state)
{
    int64_t noon = 1600000000 / 86400 * 86400 + 43200;

    (void)state;
    assert_int_equal(next_s(SCHEDULE_DAILY, noon, 7200), noon + 43200 - 7200);
    assert_int_equal(next_s(SCHEDULE_DAILY, noon, -3600), noon + 43200 + 3600);
    /* Hours: only the half of India's five and a half hours counts. */
    assert_int_equal(next_s(SCHEDULE_HOURLY, noon, 19800), noon + 1800);
}

/* When summer time ends an hour is there twice, and begins twice. */
static void hours_go_on_when_the_clock_is_put_back(void **state)
{
    int64_t before = schedule_slot(SCHEDULE_HOURLY, 7200 * SECOND_US, 7200);
    int64_t after = schedule_slot(SCHEDULE_HOURLY, 10800 * SECOND_US, 3600);

    (void)state;
    assert_int_equal(after, before + 1);
}

/* --- Running --- */

static struct traffic_bed traffic; /* with a file */

static int open_bed(void **state)
{
    struct lua_bed *bed = lua_bed_new(NULL);

    traffic_open(&traffic, NULL);
    bed->context.engine = traffic.engine;
    *state = bed;
    return 0;
}

static int close_bed(void **state)
{
    lua_bed_free(*state);
    traffic_close(&traffic);
    return 0;
}

static void count_resume(void *arg)
{
    ++*(unsigned *)arg;
}

static unsigned resumed;

static struct schedule *open_schedule(struct lua_bed *bed)
{
    struct schedule_config config = {.loop = bed->loop,
                                     .vm = bed->vm,
                                     .engine = traffic.engine,
                                     .resume = count_resume,
                                     .arg = &resumed};
    struct schedule *schedule;
    char *dir = bed_path(bed, "install/scripts/callbacks");

    config.dir = dir;
    schedule = schedule_new(&config);
    free(dir);
    resumed = 0;
    return schedule;
}

/* With an interface, so that the wall clock counts. */
static struct schedule *open_live(struct lua_bed *bed)
{
    if (engine_ifaces(traffic.engine) == 1)
        engine_add_iface(traffic.engine, "eth0", true);
    return open_schedule(bed);
}

/* Let the loop run until `seconds` have passed. */
static void pass(struct lua_bed *bed, double seconds)
{
    struct loop_source *stop =
        loop_after(bed->loop, (int64_t)(seconds * 1e6), LOOP_PAGE,
                   (void (*)(void *))loop_stop, bed->loop);

    loop_run(bed->loop);
    loop_source_free(stop);
}

/* The file that callbacks write to, or "". */
static char *written(struct lua_bed *bed)
{
    static char text[1024];
    char *path = bed_path(bed, "data/said");
    FILE *file = fopen(path, "r");

    memset(text, 0, sizeof(text));
    if (file != NULL) {
        assert_true(fread(text, 1, sizeof(text) - 1, file) < sizeof(text));
        fclose(file);
    }
    free(path);
    return text;
}

#define SAY(word) \
    "local f = io.open('said', 'a') f:write('" word " ') f:close()"

static void scripts_run_in_order(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_mkdir(bed, "install/scripts/callbacks/user");
    bed_mkdir(bed, "install/scripts/callbacks/user/startup");
    bed_file(bed, "install/scripts/callbacks/startup.lua", SAY("own"));
    bed_file(bed, "install/scripts/callbacks/user/startup_b.lua", SAY("b"));
    bed_file(bed, "install/scripts/callbacks/user/startup_a.lua",
             "error('oh')");
    bed_file(bed, "install/scripts/callbacks/user/startup/z.lua", SAY("z"));
    bed_file(bed, "install/scripts/callbacks/user/startup/.hidden.lua",
             SAY("hidden"));
    bed_file(bed, "install/scripts/callbacks/user/startup_a.lua~", SAY("old"));
    schedule = open_live(bed);
    pass(bed, 0.2);
    assert_string_equal(written(bed), "own b z ");
    assert_int_equal(schedule_counters(schedule, SCHEDULE_STARTUP)->runs, 4);
    assert_int_equal(schedule_counters(schedule, SCHEDULE_STARTUP)->failed, 1);
    schedule_free(schedule);
}

static void seconds_come_and_overruns_are_left_out(void **state)
{
    struct lua_bed *bed = *state;
    const struct schedule_counters *counters;
    struct schedule *schedule;

    bed_mkdir(bed, "install/scripts/callbacks/user");
    bed_file(bed, "install/scripts/callbacks/second.lua",
             "print('second') if not ntop.exists('said') then " SAY(
                 "1") " while true do end end " SAY("2"));
    schedule = open_live(bed);
    counters = schedule_counters(schedule, SCHEDULE_SECOND);
    for (int i = 0; i < 300 && counters->overruns < 2; i++)
        pass(bed, 0.05);
    assert_string_equal(written(bed), "1 ");
    assert_int_equal(counters->runs, 1);
    assert_in_range(counters->overruns, 2, 3);
    schedule_free(schedule);
    assert_int_equal(vm_counters(bed->vm)->active, 0);
    schedule = open_live(bed);
    counters = schedule_counters(schedule, SCHEDULE_SECOND);
    for (int i = 0; i < 300 && counters->runs < 2; i++)
        pass(bed, 0.05);
    pass(bed, 0.1);
    assert_int_equal(counters->overruns, 0);
    assert_string_equal(written(bed), "1 2 2 ");
    schedule_free(schedule);
}

static void nothing_wakes_up_without_scripts(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;
    uint64_t callbacks;

    schedule = open_live(bed);
    pass(bed, 0.05);
    callbacks = loop_callbacks(bed->loop);
    pass(bed, 1.2);
    assert_int_equal(loop_callbacks(bed->loop), callbacks + 1); /* pass() */
    bed_file(bed, "install/scripts/callbacks/second.lua", SAY("new"));
    schedule_reload(schedule);
    for (int i = 0; i < 100 && *written(bed) == '\0'; i++)
        pass(bed, 0.05);
    assert_memory_equal(written(bed), "new ", 4);
    schedule_free(schedule);
}

static void nothing_is_due_before_all_is_settled(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule_config config = {.loop = bed->loop,
                                     .vm = bed->vm,
                                     .engine = traffic.engine,
                                     .settle_us = 2500000};
    struct schedule *schedule;
    char *dir = bed_path(bed, "install/scripts/callbacks");

    engine_add_iface(traffic.engine, "eth0", true);
    bed_file(bed, "install/scripts/callbacks/second.lua", SAY("x"));
    config.dir = dir;
    schedule = schedule_new(&config);
    free(dir);
    pass(bed, 2.2);
    assert_string_equal(written(bed), "");
    for (int i = 0; i < 100 && *written(bed) == '\0'; i++)
        pass(bed, 0.05);
    assert_memory_equal(written(bed), "x ", 2);
    schedule_free(schedule);
}

static void note_end(void *arg)
{
    struct lua_bed *bed = arg;

    bed->active = 0;
    loop_stop(bed->loop);
}

static void the_last_word_is_heard(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_file(bed, "install/scripts/callbacks/startup.lua", "while true do end");
    schedule = open_schedule(bed);
    assert_false(schedule_shut_down(schedule, note_end, bed));
    assert_int_equal(vm_counters(bed->vm)->active, 0);
    schedule_free(schedule);

    bed_file(bed, "install/scripts/callbacks/shutdown.lua", SAY("bye"));
    schedule = open_schedule(bed);
    assert_true(schedule_shut_down(schedule, note_end, bed));
    bed->active = 1;
    lua_bed_wait(bed);
    assert_string_equal(written(bed), "bye ");
    schedule_free(schedule);
}

/* --- The clock of a file --- */

/* Let a frame come at this second, as a file would: what is due goes before
 * it. */
static void frame_at(struct lua_bed *bed, struct schedule *schedule,
                     int64_t seconds)
{
    traffic.now_us = START_US + seconds * SECOND_US;
    for (int i = 0; !iface_catch_up(traffic.iface, traffic.now_us); i++) {
        assert_in_range(i, 0, 20000);
        while (engine_work(traffic.engine))
            continue;
        while (schedule_must_wait(schedule, traffic.iface)) {
            assert_false(iface_catch_up(traffic.iface, traffic.now_us));
            pass(bed, 0.001);
        }
    }
    traffic_udp(&traffic, 1);
}

/* START_US is 40 seconds before a minute, and 12:26:40 UTC. */
#define MARK                                      \
    "local f = io.open('said', 'a')\n"            \
    "f:write(kind, os.time() - 1600000000, ' ', " \
    "interface.getStats().stats.packets, ' ')\n"  \
    "f:close()"

static void files_have_their_own_clock(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_file(bed, "install/scripts/callbacks/minute.lua", "kind = 'm'\n" MARK);
    bed_file(bed, "install/scripts/callbacks/5min.lua", "kind = 'f'\n" MARK);
    bed_file(bed, "install/scripts/callbacks/hourly.lua", "kind = 'h'\n" MARK);
    bed_file(bed, "install/scripts/callbacks/daily.lua", "kind = 'd'\n" MARK);
    schedule = open_schedule(bed);
    frame_at(bed, schedule, 0);
    frame_at(bed, schedule, 19);
    assert_string_equal(written(bed), "");
    frame_at(bed, schedule, 21);
    frame_at(bed, schedule, 200);
    assert_string_equal(written(bed), "m20 2 m80 3 m140 3 m200 3 f200 3 ");
    assert_int_equal(resumed, 4);
    frame_at(bed, schedule, 259);
    frame_at(bed, schedule, 260);
    assert_non_null(strstr(written(bed), "f200 3 m260 5 "));
    frame_at(bed, schedule, 2001); /* 13:00:00 is 2000 */
    assert_non_null(strstr(written(bed), "m2000 6 f2000 6 h2000 6 "));
    assert_null(strstr(written(bed), "d"));
    assert_int_equal(schedule_counters(schedule, SCHEDULE_MINUTE)->overruns, 0);
    assert_int_equal(schedule_counters(schedule, SCHEDULE_MINUTE)->runs, 34);
    schedule_free(schedule);
}

/* The file's runs list its interface alone; others can be selected. */
static void files_callbacks_are_about_the_file(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_file(bed, "install/scripts/callbacks/second.lua",
             "local names = interface.getIfNames()\n"
             "local live = names['1'] == 'eth0'\n"
             "assert(names['0'] == (not live and 'test.pcap' or nil))\n"
             "assert(interface.getDefaultIfName() == "
             "(live and 'eth0' or 'test.pcap'))\n"
             "assert(interface.getStats().name == "
             "interface.getDefaultIfName())\n"
             "assert(interface.select(live and 'test.pcap' or 'eth0'))\n"
             "local f = io.open('said', 'a')\n"
             "f:write(live and 'l' or 'f')\n"
             "f:close()");
    bed_file(bed, "install/scripts/callbacks/startup.lua",
             "local names = interface.getIfNames()\n"
             "assert(names['0'] == 'test.pcap' and names['1'] == 'eth0')");
    schedule = open_live(bed);
    frame_at(bed, schedule, 0);
    frame_at(bed, schedule, 2);
    for (int i = 0; i < 100 && strchr(written(bed), 'l') == NULL; i++)
        pass(bed, 0.05);
    assert_non_null(strstr(written(bed), "ff"));
    assert_non_null(strchr(written(bed), 'l'));
    assert_int_equal(schedule_counters(schedule, SCHEDULE_SECOND)->failed, 0);
    assert_int_equal(schedule_counters(schedule, SCHEDULE_STARTUP)->failed, 0);
    schedule_free(schedule);
}

static void a_file_waits_for_its_callback(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_file(bed, "install/scripts/callbacks/minute.lua",
             "local t = os.clock()\n"
             "while os.clock() - t < 0.3 do end\n" SAY("slept"));
    schedule = open_schedule(bed);
    frame_at(bed, schedule, 0);
    while (iface_catch_up(traffic.iface, START_US + 30 * SECOND_US) ||
           !schedule_must_wait(schedule, traffic.iface))
        while (engine_work(traffic.engine))
            continue;
    pass(bed, 0.05);
    assert_true(schedule_must_wait(schedule, traffic.iface));
    assert_int_equal(traffic.iface->now_us, START_US + 20 * SECOND_US);
    assert_int_equal(resumed, 0);
    for (int i = 0; i < 100 && resumed == 0; i++)
        pass(bed, 0.05);
    assert_string_equal(written(bed), "slept ");
    assert_false(schedule_must_wait(schedule, traffic.iface));
    assert_true(iface_catch_up(traffic.iface, START_US + 30 * SECOND_US));
    /* Stopped in the middle of the next one. */
    while (iface_catch_up(traffic.iface, START_US + 90 * SECOND_US) ||
           !schedule_must_wait(schedule, traffic.iface))
        while (engine_work(traffic.engine))
            continue;
    assert_false(schedule_shut_down(schedule, NULL, NULL));
    assert_false(schedule_must_wait(schedule, traffic.iface));
    assert_true(iface_catch_up(traffic.iface, START_US + 90 * SECOND_US));
    schedule_free(schedule);
}

/* A time stamp twenty years ahead, and back. */
static void a_broken_time_stamp_is_not_followed_for_ever(void **state)
{
    const int64_t years = 20 * 365 * 86400LL;
    const struct schedule_counters *counters;
    struct lua_bed *bed = *state;
    struct schedule *schedule;

    bed_file(bed, "install/scripts/callbacks/minute.lua", "");
    schedule = open_schedule(bed);
    counters = schedule_counters(schedule, SCHEDULE_MINUTE);
    frame_at(bed, schedule, 0);
    frame_at(bed, schedule, years);
    assert_int_equal(counters->runs, 61);
    assert_int_equal(counters->runs + counters->overruns, years / 60);
    frame_at(bed, schedule, 1);
    frame_at(bed, schedule, 81);
    assert_int_equal(counters->runs, 63);
    schedule_free(schedule);
}

static void callbacks_come_and_go_while_a_file_is_read(void **state)
{
    struct lua_bed *bed = *state;
    struct schedule *schedule;
    char *path;

    schedule = open_schedule(bed);
    frame_at(bed, schedule, 0);
    assert_false(iface_is_halted(traffic.iface));
    frame_at(bed, schedule, 80);
    bed_file(bed, "install/scripts/callbacks/minute.lua", "kind = 'm'\n" MARK);
    schedule_reload(schedule);
    frame_at(bed, schedule, 150);
    assert_string_equal(written(bed), "m140 2 ");
    schedule_reload(schedule);
    frame_at(bed, schedule, 200);
    assert_string_equal(written(bed), "m140 2 m200 3 ");
    path = bed_path(bed, "install/scripts/callbacks/minute.lua");
    unlink(path);
    free(path);
    schedule_reload(schedule);
    frame_at(bed, schedule, 400);
    assert_string_equal(written(bed), "m140 2 m200 3 ");
    schedule_free(schedule);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bed, close_bed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_begin_with_the_clock),
        cmocka_unit_test(days_begin_where_we_are),
        cmocka_unit_test(hours_go_on_when_the_clock_is_put_back),
        TEST(scripts_run_in_order),
        TEST(seconds_come_and_overruns_are_left_out),
        TEST(nothing_wakes_up_without_scripts),
        TEST(nothing_is_due_before_all_is_settled),
        TEST(the_last_word_is_heard),
        TEST(files_have_their_own_clock),
        TEST(files_callbacks_are_about_the_file),
        TEST(a_file_waits_for_its_callback),
        TEST(a_broken_time_stamp_is_not_followed_for_ever),
        TEST(callbacks_come_and_go_while_a_file_is_read),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
