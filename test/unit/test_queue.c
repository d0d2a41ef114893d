/* test_queue: nothing lost, nothing uncounted, in memory and on disk.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/frame.h"
#include "export/queue.h"

#define SECOND_US 1000000
#define MEMORY (4u << 20)

struct bed {
    char folder[64];
    char spool[96];
    struct syncer *syncer;
    struct queue *queue;
    uint64_t put; /* the number in the next record */
    uint64_t max_bytes;
};

static void open_queue(struct bed *bed)
{
    struct spool_config config = {.directory = bed->spool,
                                  .max_bytes = bed->max_bytes,
                                  .syncer = bed->syncer};
    struct spool *spool;
    struct strbuf error;

    strbuf_init(&error, 256);
    spool = spool_open(&config, &error);
    assert_non_null(spool);
    strbuf_free(&error);
    bed->queue = queue_new(MEMORY);
    queue_use_spool(bed->queue, spool);
}

static void close_queue(struct bed *bed)
{
    queue_free(bed->queue);
    bed->queue = NULL;
}

static int bed_make(void **state)
{
    struct bed *bed = mem_calloc(1, sizeof(*bed));

    strcpy(bed->folder, "/tmp/test_queue.XXXXXX");
    assert_non_null(mkdtemp(bed->folder));
    snprintf(bed->spool, sizeof(bed->spool), "%s/spool/x", bed->folder);
    bed->syncer = syncer_new();
    bed->max_bytes = 64u << 20;
    *state = bed;
    return 0;
}

static int bed_remove(void **state)
{
    struct bed *bed = *state;
    char command[128];

    close_queue(bed);
    syncer_free(bed->syncer);
    snprintf(command, sizeof(command), "rm -r %s", bed->folder);
    assert_int_equal(system(command), 0);
    free(bed);
    return 0;
}

static struct queue_counters counters(const struct bed *bed)
{
    struct queue_counters now = *queue_counters(bed->queue);
    uint64_t sum = now.queued + now.spooled;

    for (unsigned fate = 0; fate < FATES; fate++)
        sum += now.fate[fate];
    assert_int_equal(now.put + now.recovered, sum);
    return now;
}

static void put(struct bed *bed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char json[400];
        int len = snprintf(json, sizeof(json), "{\"n\":%llu,\"pad\":\"%0*d\"}",
                           (unsigned long long)bed->put,
                           (int)(bed->put % 300) + 1, 0);

        bed->put += queue_put(bed->queue, json, (size_t)len, 1000);
    }
}

/* Take up to `max` records, which must be those with the numbers from `from`
 * on. */
static unsigned take(struct bed *bed, uint64_t from, unsigned max)
{
    struct sink_record records[64];
    unsigned taken = 0;

    while (taken < max) {
        size_t want = max - taken < 64 ? max - taken : 64;
        size_t count = queue_peek(bed->queue, records, want);

        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            unsigned long long number = 0;

            assert_int_equal(records[i].json[records[i].len], '\n');
            assert_int_equal(sscanf(records[i].json, "{\"n\":%llu,", &number),
                             1);
            assert_int_equal(number, from + taken + i);
        }
        queue_take(bed->queue, count);
        taken += (unsigned)count;
        (void)counters(bed);
    }
    return taken;
}

static void spill_all(struct bed *bed)
{
    (void)queue_tick(bed->queue, SECOND_US);
    while (queue_tick(bed->queue, 3 * SECOND_US))
        continue;
    assert_int_equal(counters(bed).queued, 0);
}

static void what_arrives_at_once_never_touches_the_disk(void **state)
{
    struct bed *bed = *state;

    open_queue(bed);
    for (unsigned i = 0; i < 1000; i++) {
        put(bed, 100);
        assert_int_equal(take(bed, i * 100, 200), 100);
        queue_settle(bed->queue, 100, FATE_EXPORTED);
        assert_false(queue_tick(bed->queue, i * SECOND_US));
    }
    assert_int_equal(counters(bed).fate[FATE_EXPORTED], 100000);
    assert_int_equal(access(bed->spool, F_OK), -1);
    assert_true(queue_memory(bed->queue) < 2u << 20);
}

static void what_waits_goes_to_disk_and_comes_back_in_order(void **state)
{
    struct bed *bed = *state;

    open_queue(bed);
    put(bed, 20000);
    assert_int_equal(take(bed, 0, 500), 500);
    spill_all(bed);
    assert_int_equal(counters(bed).spooled, 20000);
    put(bed, 5000);
    assert_int_equal(take(bed, 500, 100000), 24500);
    queue_rewind(bed->queue);
    assert_int_equal(counters(bed).retried, 25000);
    assert_int_equal(take(bed, 0, 100000), 25000);
    queue_settle(bed->queue, 25000, FATE_EXPORTED);
    assert_int_equal(counters(bed).fate[FATE_EXPORTED], 25000);
    assert_int_equal(queue_disk(bed->queue), 0);
}

static void memory_stays_bounded_while_the_sink_is_away(void **state)
{
    struct bed *bed = *state;

    open_queue(bed);
    put(bed, 200000);
    assert_true(queue_memory(bed->queue) <= MEMORY + (2u << 20));
    assert_int_equal(counters(bed).fate[FATE_REFUSED], 0);
    assert_int_equal(take(bed, 0, 300000), 200000);
}

static void all_is_there_after_a_crash(void **state)
{
    struct bed *bed = *state;

    open_queue(bed);
    put(bed, 30000);
    spill_all(bed);
    queue_sync(bed->queue);
    close_queue(bed); /* as a crash: nothing is saved by this */
    open_queue(bed);
    assert_int_equal(counters(bed).recovered, 30000);
    put(bed, 1000);
    assert_int_equal(take(bed, 0, 100000), 31000);
    queue_settle(bed->queue, 10000, FATE_EXPORTED);
    queue_sync(bed->queue);
    assert_true(queue_save(bed->queue));
    close_queue(bed);
    open_queue(bed);
    assert_int_equal(counters(bed).recovered, 21000);
    assert_int_equal(take(bed, 10000, 100000), 21000);
}

static void oldest_make_room_in_a_full_spool(void **state)
{
    struct bed *bed = *state;
    struct queue_counters now;

    bed->max_bytes = 2u << 20;
    open_queue(bed);
    put(bed, 1000);
    assert_int_equal(take(bed, 0, 600), 600);
    put(bed, 99000);
    spill_all(bed);
    now = counters(bed);
    assert_true(now.fate[FATE_EXPIRED] > 50000);
    assert_true(queue_disk(bed->queue) <= bed->max_bytes);
    /* Those that were on their way are counted already. */
    queue_settle(bed->queue, 600, FATE_EXPORTED);
    assert_int_equal(counters(bed).fate[FATE_EXPORTED], 0);
    assert_int_equal(take(bed, now.fate[FATE_EXPIRED], 100000), now.spooled);
}

/* The segments, the oldest first. */
static unsigned list(const struct bed *bed, char names[][400])
{
    struct dirent **entries;
    int count = scandir(bed->spool, &entries, NULL, alphasort);
    unsigned found = 0;

    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        if (strstr(entries[i]->d_name, ".spool") != NULL && found < 16)
            snprintf(names[found++], 400, "%s/%s", bed->spool,
                     entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return found;
}

static void write_at(const char *path, off_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void damaged_records_are_left_out_and_counted(void **state)
{
    struct bed *bed = *state;
    char names[16][400];
    struct sink_record records[64];
    uint64_t seen = 0;
    size_t count;
    struct stat st;

    bed->max_bytes = 16u << 20;
    open_queue(bed);
    put(bed, 20000);
    spill_all(bed);
    close_queue(bed);
    assert_true(list(bed, names) >= 3);
    write_at(names[0], 5000, "garbage", 7);
    write_at(names[1], 0, "\0\0\0\0", 4);
    assert_int_equal(stat(names[2], &st), 0);
    assert_int_equal(truncate(names[2], st.st_size - 10), 0);
    open_queue(bed);
    do {
        count = queue_peek(bed->queue, records, 64);
        queue_take(bed->queue, count);
        queue_settle(bed->queue, count, FATE_EXPORTED);
        seen += count;
        (void)counters(bed);
    } while (count > 0);
    assert_int_equal(counters(bed).fate[FATE_DAMAGED] + seen,
                     counters(bed).recovered);
    assert_in_range(counters(bed).fate[FATE_DAMAGED], 2, 4);
    assert_in_range(counters(bed).recovered, 19999, 20000);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void strangers_are_no_records(void **state)
{
    struct bed *bed = *state;
    char path[200];
    char parent[96];
    static unsigned char marks[4u << 20];
    struct frame_head head = {.mark = FRAME_MARK, .len = FRAME_MAX};

    snprintf(parent, sizeof(parent), "%s/spool", bed->folder);
    assert_int_equal(mkdir(parent, 0700), 0);
    assert_int_equal(mkdir(bed->spool, 0700), 0);
    snprintf(path, sizeof(path), "%s/0000000000000000.spool", bed->spool);
    for (size_t at = 0; at + sizeof(head) < sizeof(marks); at += sizeof(head))
        memcpy(marks + at, &head, sizeof(head));
    for (size_t at = sizeof(head) + FRAME_MAX - 1; at < sizeof(marks);
         at += sizeof(head))
        marks[at] = '\n';
    write_file(path, marks, sizeof(marks));
    snprintf(path, sizeof(path), "%s/7fffffffffffff00.spool", bed->spool);
    write_file(path, "hello\n", 6);
    snprintf(path, sizeof(path), "%s/readme", bed->spool);
    write_file(path, "hello\n", 6);
    snprintf(path, sizeof(path), "%s/position", bed->spool);
    write_file(path, "1234567", 7);
    open_queue(bed);
    assert_int_equal(counters(bed).recovered, 0);
    put(bed, 3000);
    spill_all(bed);
    assert_int_equal(take(bed, 0, 5000), 3000);
    snprintf(path, sizeof(path), "%s/readme", bed->spool);
    assert_int_equal(access(path, F_OK), 0);
}

static void two_processes_do_not_share_a_spool(void **state)
{
    struct bed *bed = *state;
    struct spool_config config = {
        .directory = bed->spool, .max_bytes = 1u << 20, .syncer = bed->syncer};
    struct strbuf error;

    strbuf_init(&error, 256);
    open_queue(bed);
    put(bed, 10);
    spill_all(bed);
    assert_null(spool_open(&config, &error));
    assert_non_null(strstr(error.text, "another process"));
    strbuf_free(&error);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_refuses_the_newest(void **state)
{
    struct bed *bed = *state;
    struct queue_counters now;

    open_queue(bed);
    limit_files(100000);
    put(bed, 60000);
    limit_files(RLIM_INFINITY);
    now = counters(bed);
    assert_true(now.fate[FATE_REFUSED] > 0);
    assert_true(queue_memory(bed->queue) <= MEMORY + (2u << 20));
    spill_all(bed);
    assert_int_equal(take(bed, 0, 100000), 60000 - now.fate[FATE_REFUSED]);
}

static void records_that_are_too_long_are_refused(void **state)
{
    struct bed *bed = *state;
    static char json[FRAME_MAX];

    open_queue(bed);
    memset(json, 'x', sizeof(json));
    assert_false(queue_put(bed->queue, json, FRAME_MAX, 0));
    assert_true(queue_put(bed->queue, json, FRAME_MAX - 1, 0));
    assert_int_equal(counters(bed).fate[FATE_REFUSED], 1);
}

/* Whatever happens in whatever order: all in order, and all counted. */
static void any_order_of_things_keeps_order_and_sum(void **state)
{
    struct bed *bed = *state;
    unsigned dice = 12345;
    uint64_t settled = 0;
    uint64_t taken = 0;

    open_queue(bed);
    for (unsigned i = 0; i < 1000; i++) {
        dice = dice * 1103515245 + 12345;
        switch (dice >> 16 & 7) {
        case 0:
        case 1:
            put(bed, dice >> 20 & 255);
            break;
        case 2:
        case 3:
            taken += take(bed, taken, dice >> 19 & 511);
            break;
        case 4: {
            uint64_t some = (taken - settled) * (dice >> 24) / 256;

            queue_settle(bed->queue, some, FATE_EXPORTED);
            settled += some;
            break;
        }
        case 5:
            (void)queue_tick(bed->queue, (int64_t)i * SECOND_US);
            break;
        case 6:
            if ((dice >> 24) < 50) {
                queue_rewind(bed->queue);
                taken = settled;
            }
            break;
        case 7:
            if ((dice >> 24) < 8) {
                assert_true(queue_save(bed->queue));
                close_queue(bed);
                open_queue(bed);
                taken = settled;
            }
            break;
        }
        (void)counters(bed);
    }
    taken += take(bed, taken, UINT32_MAX);
    assert_int_equal(taken, bed->put);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_make, bed_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_arrives_at_once_never_touches_the_disk),
        TEST(what_waits_goes_to_disk_and_comes_back_in_order),
        TEST(memory_stays_bounded_while_the_sink_is_away),
        TEST(all_is_there_after_a_crash),
        TEST(oldest_make_room_in_a_full_spool),
        TEST(damaged_records_are_left_out_and_counted),
        TEST(strangers_are_no_records),
        TEST(two_processes_do_not_share_a_spool),
        TEST(full_disk_refuses_the_newest),
        TEST(records_that_are_too_long_are_refused),
        TEST(any_order_of_things_keeps_order_and_sum),
    };

    signal(SIGXFSZ, SIG_IGN);
    log_set_verbosity(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
