// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD: readdir(3) gives a directory's entries in an order of SHUFFLE_SEED's.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct listing {
  DIR* stream;
  struct dirent64* entries;
  size_t count, next;
  struct listing* rest;
};
static __thread struct listing* listings;

static struct listing* read_all(DIR* stream) {
  struct dirent64* (*real)(DIR*) = dlsym(RTLD_NEXT, "readdir64");
  struct listing* list = calloc(1, sizeof *list);
  unsigned seed = (unsigned)atoi(getenv("SHUFFLE_SEED"));
  const struct dirent64* entry;
  list->stream = stream;
  while ((entry = real(stream)) != NULL) {
    list->entries = realloc(list->entries, (list->count + 1) * sizeof *entry);
    memcpy(&list->entries[list->count++], entry, entry->d_reclen);
  }
  for (size_t i = list->count; i > 1; --i) {
    const size_t other = (size_t)rand_r(&seed) % i;
    const struct dirent64 kept = list->entries[i - 1];
    list->entries[i - 1] = list->entries[other];
    list->entries[other] = kept;
  }
  list->rest = listings;
  return listings = list;
}

struct dirent64* readdir64(DIR* stream) {
  struct listing* list = listings;
  while (list != NULL && list->stream != stream)
    list = list->rest;
  if (list == NULL)
    list = read_all(stream);
  return list->next < list->count ? &list->entries[list->next++] : NULL;
}
struct dirent* readdir(DIR* stream) { return (struct dirent*)readdir64(stream); }

int closedir(DIR* stream) {
  int (*real)(DIR*) = dlsym(RTLD_NEXT, "closedir");
  for (struct listing** at = &listings; *at != NULL; at = &(*at)->rest)
    if ((*at)->stream == stream) {
      struct listing* gone = *at;
      *at = gone->rest;
      free(gone->entries);
      free(gone);
      break;
    }
  return real(stream);
}
