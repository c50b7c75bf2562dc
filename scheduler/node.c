/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of Nodes; see node.h. */
#include "node.h"

#include <string.h>

static void decode_images(struct sched_node *n, const js *images)
{
	js_array_for_each (image, images) {
		int64_t size = js_int(image, 0, "sizeBytes", NULL);
		js_array_for_each (name, js_field(image, "names")) {
			if (!js_is_str(name))
				continue;
			n->images = mem_realloc_array(n->images, n->n_images + 1, sizeof(*n->images));
			n->images[n->n_images++] = (struct node_image){
				.name = mem_strdup(json_object_get_string(name)), .size = size};
		}
	}
}

static bool node_decode(void *into, const js *o)
{
	struct sched_node *n = into;
	n->unschedulable = js_bool(o, false, "spec", "unschedulable", NULL);
	const js *taints = js_arr(o, "spec", "taints", NULL);
	n->n_taints = js_len(taints);
	n->taints = n->n_taints ? mem_array(n->n_taints, sizeof(*n->taints)) : NULL;
	for (size_t i = 0; i < n->n_taints; i++) {
		const js *t = js_at(taints, i);
		n->taints[i] = (struct taint){
			.key = mem_strdup(js_str0(t, "key", NULL)),
			.value = mem_strdup(js_str0(t, "value", NULL)),
			.effect = mem_strdup(js_str0(t, "effect", NULL)),
		};
	}
	resources_add_json(&n->allocatable, js_obj(o, "status", "allocatable", NULL), &n->pods);
	decode_images(n, js_arr(o, "status", "images", NULL));
	return true;
}

static void node_release(void *o)
{
	struct sched_node *n = o;
	for (size_t i = 0; i < n->n_taints; i++) {
		free(n->taints[i].key);
		free(n->taints[i].value);
		free(n->taints[i].effect);
	}
	free(n->taints);
	resources_release(&n->allocatable);
	for (size_t i = 0; i < n->n_images; i++)
		free(n->images[i].name);
	free(n->images);
}

const struct informer_type sched_node_type = {
	.group = "",
	.version = "v1",
	.resource = "nodes",
	.kind = "Node",
	.size = sizeof(struct sched_node),
	.decode = node_decode,
	.release = node_release,
};
