/* asset: style sheets, scripts and images. SPDX-License-Identifier: MIT */
#include "http/asset.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run/beneath.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "http/gzip.h"
#include "http/site.h"

#define CACHE_MAX (16u << 20) /* bytes, compressed ones too */
#define SLICE 65536           /* compressed in one turn: about 2 ms */
#define GZIP_MIN 1024

/* A file as it was at its mtime. The cache and each answer that is on its way
 * hold it. */
struct asset {
    struct assets *assets;
    struct asset *next; /* in the cache: the latest used first */
    char *path;
    char *bytes;
    char *small;       /* gzip; NULL: none (yet) */
    struct gzip *gzip; /* while it is being made */
    size_t len;
    size_t small_len;
    size_t done; /* compressed so far */
    struct timespec changed;
    ino_t inode;
    unsigned holders;
};

struct assets {
    struct asset *first;
    struct loop_source *work;
    size_t bytes;
    int dir; /* -1: there is none */
};

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".css", "text/css; charset=utf-8"},
    {".gif", "image/gif"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
};

const char *asset_type(const char *name)
{
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]);
         i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

bool asset_is_hashed(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *at = slash != NULL ? slash : name;

    while ((at = strpbrk(at, ".-")) != NULL) {
        size_t hex = strspn(++at, "0123456789abcdef");

        if (hex >= 8 && at[hex] == '.' && strcspn(at, "0123456789") < hex)
            return true;
    }
    return false;
}

static bool on_work(void *arg);

struct assets *assets_new(struct loop *loop, const char *dir)
{
    struct assets *assets = mem_calloc(1, sizeof(*assets));

    assets->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (assets->dir < 0)
        log_info("http", "no directory of style sheets and scripts: %s", dir);
    assets->work = loop_defer(loop, LOOP_PAGE, on_work, assets);
    return assets;
}

static void let_go(void *arg)
{
    struct asset *asset = arg;

    if (--asset->holders > 0)
        return;
    gzip_free(asset->gzip);
    free(asset->path);
    free(asset->bytes);
    free(asset->small);
    free(asset);
}

/* Out of the cache; answers that are on their way keep it. */
static void drop(struct assets *assets, struct asset **at)
{
    struct asset *asset = *at;

    *at = asset->next;
    assets->bytes -= asset->len;
    if (asset->gzip == NULL)
        assets->bytes -= asset->small_len;
    asset->assets = NULL;
    let_go(asset);
}

void assets_free(struct assets *assets)
{
    if (assets == NULL)
        return;
    while (assets->first != NULL)
        drop(assets, &assets->first);
    loop_source_free(assets->work);
    if (assets->dir >= 0)
        close(assets->dir);
    free(assets);
}

/* All of the file; false when it is not that long any more. */
static bool read_all(int fd, char *bytes, size_t len)
{
    size_t used = 0;

    while (used < len) {
        ssize_t step = read(fd, bytes + used, len - used);

        if (step <= 0)
            return false;
        used += (size_t)step;
    }
    return true;
}

static void make_room(struct assets *assets)
{
    while (assets->bytes > CACHE_MAX && assets->first != NULL &&
           assets->first->next != NULL) {
        struct asset **last = &assets->first;

        while ((*last)->next != NULL)
            last = &(*last)->next;
        drop(assets, last);
    }
}

static struct asset *load(struct assets *assets, const char *path, int fd,
                          const struct stat *info)
{
    struct asset *asset = mem_calloc(1, sizeof(*asset));

    asset->assets = assets;
    asset->len = (size_t)info->st_size;
    asset->bytes = mem_alloc(asset->len + 1);
    asset->changed = info->st_mtim;
    asset->inode = info->st_ino;
    asset->holders = 1;
    if (!read_all(fd, asset->bytes, asset->len)) {
        let_go(asset);
        return NULL;
    }
    asset->path = mem_strdup(path);
    asset->next = assets->first;
    assets->first = asset;
    assets->bytes += asset->len;
    make_room(assets);
    if (asset->len >= GZIP_MIN && gzip_helps(asset_type(path))) {
        asset->gzip = gzip_new();
        asset->small = mem_alloc(asset->len);
        loop_source_resume(assets->work);
    }
    return asset;
}

static void put_small(void *arg, const void *bytes, size_t len)
{
    struct asset *asset = arg;

    if (asset->small_len + len <= asset->len)
        memcpy(asset->small + asset->small_len, bytes, len);
    asset->small_len += len;
}

/* A slice of the compressing. */
static void compress(struct asset *asset)
{
    size_t left = asset->len - asset->done;
    size_t step = left < SLICE ? left : SLICE;

    gzip_add(asset->gzip, asset->bytes + asset->done, step, step == left,
             put_small, asset);
    asset->done += step;
    if (step < left)
        return;
    gzip_free(asset->gzip);
    asset->gzip = NULL;
    if (asset->small_len >= asset->len) {
        free(asset->small);
        asset->small = NULL;
        asset->small_len = 0;
    } else {
        asset->small = mem_realloc(asset->small, asset->small_len, 1);
        asset->assets->bytes += asset->small_len;
        make_room(asset->assets);
    }
}

static bool on_work(void *arg)
{
    struct assets *assets = arg;

    for (struct asset *at = assets->first; at != NULL; at = at->next) {
        if (at->gzip != NULL) {
            compress(at);
            return true;
        }
    }
    return false;
}

/* From the cache if the file is as it was; that one moves to the front. */
static struct asset *find(struct assets *assets, const char *path,
                          const struct stat *info)
{
    for (struct asset **at = &assets->first; *at != NULL; at = &(*at)->next) {
        struct asset *asset = *at;

        if (strcmp(asset->path, path) != 0)
            continue;
        if (asset->len != (size_t)info->st_size ||
            asset->inode != info->st_ino ||
            asset->changed.tv_sec != info->st_mtim.tv_sec ||
            asset->changed.tv_nsec != info->st_mtim.tv_nsec) {
            drop(assets, at);
            return NULL;
        }
        *at = asset->next;
        asset->next = assets->first;
        assets->first = asset;
        return asset;
    }
    return NULL;
}

static struct asset *get(struct assets *assets, const char *path)
{
    struct asset *asset = NULL;
    struct stat info;
    int fd;

    if (assets->dir < 0 || strstr(path, "/.") != NULL)
        return NULL;
    fd = beneath_open(assets->dir, path + 1, O_RDONLY, 0);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_size <= (off_t)ASSET_MAX) {
        asset = find(assets, path, &info);
        if (asset == NULL)
            asset = load(assets, path, fd, &info);
    }
    close(fd);
    return asset;
}

/* "/static/x" is html/x; "/css/x" is html/css/x, and so on. Browsers ask for
 * the icon by that name where an answer names none, as JSON cannot. */
static const char *file_of(const char *path)
{
    if (strcmp(path, "/favicon.ico") == 0)
        return "/img/icon.svg";
    return strncmp(path, "/static/", 8) == 0 ? path + 7 : path;
}

void asset_page(struct response *response)
{
    asset_send(response, file_of(response_request(response)->path));
}

void asset_send(struct response *response, const char *path)
{
    const struct request *request = response_request(response);
    struct asset *asset = get(response_site(response)->assets, path);
    bool is_small;
    char etag[64];

    if (asset == NULL) {
        response_error(response, 404, request->path);
        return;
    }
    is_small = asset->small != NULL && asset->gzip == NULL &&
               request_header(request, "Range") == NULL &&
               gzip_is_accepted(request_header(request, "Accept-Encoding"));
    snprintf(etag, sizeof(etag), "%" PRIx64 "-%lx-%zx%s",
             (uint64_t)asset->changed.tv_sec, asset->changed.tv_nsec,
             asset->len, is_small ? "-gz" : "");
    response_etag(response, etag);
    response_header(response, "Cache-Control",
                    asset_is_hashed(path)
                        ? "public, max-age=31536000, immutable"
                        : "public, max-age=60");
    response_header(response, "Vary", "Accept-Encoding");
    response_allow_ranges(response);
    asset->holders++;
    response_send_shared(
        response, 200, asset_type(path), is_small ? "gzip" : NULL,
        is_small ? asset->small : asset->bytes,
        is_small ? asset->small_len : asset->len, let_go, asset);
}
