// SPDX-License-Identifier: Apache-2.0
// Leaves in /out what no shell can make: a socket, or a path longer than PATH_MAX; or leaves a
// process that has cut every tie, named by a word.
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count == 2 && strcmp(arguments[1], "socket") == 0) {
    struct sockaddr_un at = {AF_UNIX, "/out/socket"};
    return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&at, sizeof at);
  }
  if (count == 3 && strcmp(arguments[1], "process") == 0) {
    if (fork() != 0) {
      while (access("/out/started", F_OK) != 0)
        usleep(1000);
      return 0;
    }
    setsid();
    if (fork() != 0)
      return 0;
    for (int fd = 0; fd < 16; ++fd)
      close(fd);
    fopen("/out/started", "w");
    for (;;)
      sleep(600);
  }
  char name[201];
  memset(name, 'd', 200);
  name[200] = '\0';
  if (chdir("/out") != 0)
    return 1;
  for (int depth = 0; depth < 30; ++depth)
    if (mkdir(name, 0755) != 0 || chdir(name) != 0)
      return 1;
  return fclose(fopen("end", "w"));
}
