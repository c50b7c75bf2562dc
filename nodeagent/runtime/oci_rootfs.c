/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount(2) takes one page of options, too little for the paths of 128 layers. The layers are therefore opened
 * and named by descriptor ("/proc/self/fd/12"), which also frees the paths from overlayfs's quoting of ':'
 * and ','.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "os/tree.h"
#include "runtime/oci_internal.h"

struct dirs {
	int fd[IMAGE_LAYERS_MAX + 2];
	size_t n;
};

static int open_dir(struct dirs *d, const char *path, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open %s", path);
	d->fd[d->n++] = fd;
	return fd;
}

/* Where the files of a layer belong to whom they do in the container: a mount below DIR/layers, as long as the root file
   system is being mounted (overlayfs has its own then). */
struct view {
	const struct userns_map *users;
	int userns_fd; /* -1: as they are */
	char *dir;
};

static int open_layer(const struct view *v, const char *path, size_t i, struct dirs *d, struct err *err)
{
	if (v->userns_fd < 0)
		return open_dir(d, path, err);
	autofree char *to = mem_printf("%s/%zu", v->dir, i);
	return userns_mount(v->userns_fd, path, to, err) < 0 ? -1 : open_dir(d, to, err);
}

static int add_lower(struct image_store *images, const struct image_record *image, const struct view *v,
		     struct dirs *d, struct buf *options, struct err *err)
{
	/* Top first. */
	for (size_t i = image->n_layers; i-- > 0;) {
		autofree char *path = image_store_layer_path(images, image->layers[i]);
		int fd = open_layer(v, path, i, d, err);
		if (fd < 0)
			return -1;
		buf_addf(options, "%s/proc/self/fd/%d", i + 1 == image->n_layers ? "" : ":", fd);
	}
	return 0;
}

static int mount_overlay(struct image_store *images, const struct image_record *image, const char *dir,
			 const struct view *v, struct dirs *d, struct err *err)
{
	autofree char *upper = mem_printf("%s/upper", dir), *work = mem_printf("%s/work", dir),
		      *root = mem_printf("%s/rootfs", dir);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0700) < 0 || mkdir(root, 0755) < 0 ||
	    chown(upper, v->users->first, v->users->first) < 0)
		return err_errno(err, "mkdir below %s", dir);
	autobuf struct buf options = BUF_INIT_MAX(4095);
	if (!image->n_layers) /* an image of nothing but a config: the upper directory is all there is */
		return mount(upper, root, NULL, MS_BIND, NULL) < 0 ? err_errno(err, "mount %s", root) : 0;
	buf_adds(&options, "lowerdir=");
	int u = open_dir(d, upper, err), w = u < 0 ? -1 : open_dir(d, work, err);
	if (w < 0 || add_lower(images, image, v, d, &options, err) < 0)
		return -1;
	buf_addf(&options, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d", u, w);
	if (buf_overflowed(&options))
		return err_set(err, REASON_TOO_LARGE, "too many layers");
	if (mount("overlay", root, "overlay", 0, options.p) < 0)
		return err_errno(err, "mount overlay on %s", root);
	return 0;
}

/* An empty directory lies below the layers: one alone would be no overlay. */
static int mount_layers(struct image_store *images, const struct image_record *image, const char *dir,
			const struct view *v, struct dirs *d, struct err *err)
{
	autofree char *empty = mem_printf("%s/empty", dir), *root = mem_printf("%s/rootfs", dir);
	if (mkdir(empty, 0755) < 0 || mkdir(root, 0755) < 0)
		return err_errno(err, "mkdir below %s", dir);
	if (!image->n_layers)
		return mount(empty, root, NULL, MS_BIND, NULL) < 0 ? err_errno(err, "mount %s", root) : 0;
	autobuf struct buf options = BUF_INIT_MAX(4095);
	buf_adds(&options, "lowerdir=");
	int bottom = open_dir(d, empty, err);
	if (bottom < 0 || add_lower(images, image, v, d, &options, err) < 0)
		return -1;
	buf_addf(&options, ":/proc/self/fd/%d", bottom);
	if (buf_overflowed(&options))
		return err_set(err, REASON_TOO_LARGE, "too many layers");
	if (mount("overlay", root, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, options.p) < 0)
		return err_errno(err, "mount overlay on %s", root);
	return 0;
}

typedef int mount_fn(struct image_store *images, const struct image_record *image, const char *dir,
		     const struct view *v, struct dirs *d, struct err *err);

static int mount_image(mount_fn *fn, struct image_store *images, const struct image_record *image,
		       const char *dir, const struct userns_map *users, int userns_fd, struct err *err)
{
	struct dirs d = {.n = 0};
	autofree char *layers = mem_printf("%s/layers", dir);
	const struct view v = {users, userns_fd, layers};
	if (userns_fd >= 0 && mkdir(layers, 0700) < 0)
		return err_errno(err, "mkdir %s", layers);
	int rc = fn(images, image, dir, &v, &d, err);
	while (d.n)
		close(d.fd[--d.n]);
	if (rc == 0 && userns_fd >= 0) /* after a failure all of dir goes */
		rc = tree_unmount(layers, err);
	return rc;
}

int oci_rootfs_mount(struct image_store *images, const struct image_record *image, const char *dir,
		     const struct userns_map *users, int userns_fd, struct err *err)
{
	return mount_image(mount_overlay, images, image, dir, users, userns_fd, err);
}

/* ---- volumes of images ---- */

/* Links are the image's: they lead nowhere out of it. */
static int open_inside(const char *root, const char *sub_path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	autoclose int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, sub_path, &how, sizeof(how));
}

static int make_point(const char *path, bool directory)
{
	if (directory)
		return mkdir(path, 0755);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? -1 : 0;
}

static int bind_inside(const char *root, const char *sub_path, const char *to, struct err *err)
{
	struct stat st;
	autoclose int fd = open_inside(root, sub_path);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, REASON_NOT_FOUND, "the image has no \"%s\"", sub_path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "open \"%s\" of the image", sub_path);
	autofree char *from = mem_printf("/proc/self/fd/%d", fd);
	if (make_point(to, S_ISDIR(st.st_mode)) < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
		return err_errno(err, "mount \"%s\" of the image", sub_path);
	return 0;
}

char *oci_volume_mount(struct image_store *images, const struct image_record *image, const char *sub_path,
		       const char *dir, const struct userns_map *users, int userns_fd, struct err *err)
{
	autofree char *root = mem_printf("%s/rootfs", dir), *part = mem_printf("%s/part", dir);
	if (mkdir(dir, 0755) < 0) {
		err_errno(err, "mkdir %s", dir);
		return NULL;
	}
	if (mount_image(mount_layers, images, image, dir, users, userns_fd, err) < 0)
		return NULL;
	if (!*sub_path)
		return STEAL(root);
	return bind_inside(root, sub_path, part, err) < 0 ? NULL : STEAL(part);
}
