/* privileges: root no longer than needed. SPDX-License-Identifier: MIT */
#include "core/run/privileges.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

void privileges_harden(void)
{
    const struct rlimit none = {0, 0};

    /* The limit alone does not hold where the kernel pipes cores away. */
    if (setrlimit(RLIMIT_CORE, &none) == -1 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
        log_warn("privileges", "cannot turn off core dumps");
    umask(027);
}

static bool fail(struct strbuf *error, const char *what, const char *name)
{
    strbuf_printf(error, "%s %s: %s", what, name, strerror(errno));
    return false;
}

static bool fail_dir(struct strbuf *error, const char *path)
{
    strbuf_printf(error, "data directory %s: %s; choose another with -d", path,
                  strerror(errno));
    return false;
}

static void set_user(struct privileges_user *user, const char *name, uid_t uid,
                     gid_t gid)
{
    *user = (struct privileges_user){.uid = uid, .gid = gid};
    snprintf(user->name, sizeof(user->name), "%s", name);
}

void privileges_find_self(struct privileges_user *user)
{
    const struct passwd *self = getpwuid(geteuid());
    char number[16];

    /* In a container a user may have no name. */
    snprintf(number, sizeof(number), "%u", geteuid());
    set_user(user, self != NULL ? self->pw_name : number, geteuid(), getegid());
}

bool privileges_find_user(const char *wanted, struct privileges_user *user,
                          struct strbuf *error)
{
    const struct passwd *found;

    if (geteuid() != 0) {
        privileges_find_self(user);
        if (wanted == NULL || strcmp(wanted, user->name) == 0)
            return true;
        strbuf_printf(error,
                      "--user %s: only root may become another user; "
                      "this is %s",
                      wanted, user->name);
        return false;
    }
    found = getpwnam(wanted != NULL ? wanted : "kelvin");
    if (found == NULL && wanted == NULL)
        found = getpwnam("nobody");
    if (found == NULL) {
        strbuf_printf(error,
                      "--user %s: there is no such user; name one with -U, "
                      "or stay root with -s",
                      wanted != NULL ? wanted : "nobody");
        return false;
    }
    set_user(user, found->pw_name, found->pw_uid, found->pw_gid);
    return true;
}

/* Make one directory; *is_new tells whether it was not there. */
static bool make_dir(const char *path, mode_t mode, bool *is_new)
{
    *is_new = mkdir(path, mode) == 0;
    /* The umask is not to take from parents what the user needs. */
    return *is_new ? chmod(path, mode) == 0 : errno == EEXIST;
}

/* Make the directory and what is missing above it. */
static bool make_path(const char *path, bool *is_new)
{
    char *part = mem_strdup(path);
    size_t len = strlen(part);
    bool is_made = true;
    char *slash = part;

    while (len > 1 && part[len - 1] == '/')
        part[--len] = '\0';
    while (is_made && (slash = strchr(slash + 1, '/')) != NULL) {
        *slash = '\0';
        is_made = make_dir(part, 0755, is_new);
        *slash = '/';
    }
    if (is_made)
        is_made = make_dir(part, 0750, is_new);
    free(part);
    return is_made;
}

/* Whether the directory has no entries; of one that cannot be read, no. */
static bool is_empty_dir(int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *entry;
    bool is_empty = true;
    DIR *dir;

    if (again == -1)
        return false;
    dir = fdopendir(again);
    if (dir == NULL) {
        close(again);
        return false;
    }
    while (is_empty && (entry = readdir(dir)) != NULL)
        is_empty =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return is_empty;
}

/* As root: make the open directory the user's, if it may be. */
static bool take_dir(int fd, bool is_new, const char *path,
                     const struct privileges_user *user, struct strbuf *error)
{
    struct stat st;

    if (fstat(fd, &st) == -1)
        return fail_dir(error, path);
    if (st.st_uid == user->uid)
        return true;
    if (!is_new && !is_empty_dir(fd)) {
        strbuf_printf(error,
                      "data directory %s: belongs to user %u and is in use; "
                      "choose another with -d, or chown -R %s it",
                      path, st.st_uid, user->name);
        return false;
    }
    if (fchown(fd, user->uid, user->gid) == -1)
        return fail_dir(error, path);
    return true;
}

bool privileges_own_dir(const char *path, const struct privileges_user *user,
                        struct strbuf *error)
{
    bool is_new, is_good;
    int fd;

    if (!make_path(path, &is_new))
        return fail_dir(error, path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return fail_dir(error, path);
    if (geteuid() == 0)
        is_good = take_dir(fd, is_new, path, user, error);
    else
        is_good = faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 ||
                  fail_dir(error, path);
    close(fd);
    return is_good;
}

bool privileges_own_file(const char *path, const struct privileges_user *user,
                         struct strbuf *error)
{
    bool is_good;
    struct stat st;
    int fd;

    if (geteuid() != 0 || user->uid == 0)
        return true;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd == -1)
        return fail(error, "file", path);
    is_good = fstat(fd, &st) == 0;
    /* A second name could be that of a file root never meant. */
    if (is_good && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_nlink == 1)
        is_good = fchown(fd, user->uid, user->gid) == 0;
    if (!is_good)
        fail(error, "file", path);
    close(fd);
    return is_good;
}

/* Set in libcap-ng what is kept; `*can_bound` tells whether the bounding set
 * may be cleared. */
static void choose_capabilities(bool *can_bound)
{
    bool has_raw;

    capng_get_caps_process();
    has_raw = capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW) == 1;
    *can_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
    capng_clear(*can_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
    if (has_raw)
        capng_update(CAPNG_ADD,
                     (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                     CAP_NET_RAW);
}

/* Become somebody else; libcap-ng orders the steps. */
static bool change_user(const struct privileges_user *user,
                        struct strbuf *error)
{
    capng_flags_t flags = CAPNG_INIT_SUPP_GRP;
    bool can_bound;
    int result;

    choose_capabilities(&can_bound);
    if (can_bound)
        flags = (capng_flags_t)(flags | CAPNG_CLEAR_BOUNDING);
    result = capng_change_id((int)user->uid, (int)user->gid, flags);
    if (result == 0)
        return true;
    strbuf_printf(error,
                  "cannot become user %s (step %d: %s); stay root with -s "
                  "where the system forbids it",
                  user->name, -result, strerror(errno));
    return false;
}

/* Stay the same user with less. */
static bool shed_capabilities(struct strbuf *error)
{
    bool can_bound;

    choose_capabilities(&can_bound);
    if (capng_apply(can_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0)
        return true;
    strbuf_printf(error, "cannot give up capabilities: %s", strerror(errno));
    return false;
}

bool privileges_seal(struct strbuf *error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return true;
    strbuf_printf(error, "cannot forbid new privileges: %s", strerror(errno));
    return false;
}

bool privileges_drop(const struct privileges_user *user, struct strbuf *error)
{
    bool becomes_other = geteuid() == 0 && user->uid != 0;

    if (becomes_other && !change_user(user, error))
        return false;
    if (!becomes_other && !shed_capabilities(error))
        return false;
    if (!privileges_seal(error))
        return false;
    /* Another user's memory was dumpable again. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) {
        strbuf_printf(error, "cannot hide memory: %s", strerror(errno));
        return false;
    }
    return true;
}

bool privileges_can_capture(void)
{
    capng_get_caps_process();
    return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) == 1;
}
