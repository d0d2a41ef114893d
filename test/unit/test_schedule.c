/* test_schedule: callbacks and their times. SPDX-License-Identifier: MIT */
#include "lua_bed.h"

#include "lua/schedule.h"

#define SECOND_US 1000000LL

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

static struct schedule *open_schedule(struct lua_bed *bed)
{
    struct schedule_config config = {.loop = bed->loop, .vm = bed->vm};

    struct schedule *schedule;
    char *dir = bed_path(bed, "install/scripts/callbacks");

    config.dir = dir;
    schedule = schedule_new(&config);
    free(dir);
    return schedule;
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
    schedule = open_schedule(bed);
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
    schedule = open_schedule(bed);
    counters = schedule_counters(schedule, SCHEDULE_SECOND);
    for (int i = 0; i < 300 && counters->overruns < 2; i++)
        pass(bed, 0.05);
    assert_string_equal(written(bed), "1 ");
    assert_int_equal(counters->runs, 1);
    assert_in_range(counters->overruns, 2, 3);
    schedule_free(schedule);
    assert_int_equal(vm_counters(bed->vm)->active, 0);
    schedule = open_schedule(bed);
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

    schedule = open_schedule(bed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_begin_with_the_clock),
        cmocka_unit_test(days_begin_where_we_are),
        cmocka_unit_test(hours_go_on_when_the_clock_is_put_back),
        LUA_TEST(scripts_run_in_order),
        LUA_TEST(seconds_come_and_overruns_are_left_out),
        LUA_TEST(nothing_wakes_up_without_scripts),
        LUA_TEST(the_last_word_is_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
