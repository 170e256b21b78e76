package main

import (
	"os"
	"strconv"
	"syscall"
)

// parentVariable names an environment variable that holds the process id of whoever starts a server for a test.
const parentVariable = "DOVETAIL_DIE_WITH_PARENT"

// init asks the kernel to kill this process when the one that started it ends, however it ends: a crashed test run leaves
// no servers behind. The parent may have ended before the request, so it is looked at once more afterwards.
func init() {
	parent := os.Getenv(parentVariable)
	if parent == "" {
		return
	}
	const prSetPdeathsig = 1
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetPdeathsig, uintptr(syscall.SIGKILL), 0); errno != 0 {
		os.Stderr.WriteString("ask to die with the parent: " + errno.Error() + "\n")
		os.Exit(2)
	}
	if strconv.Itoa(os.Getppid()) != parent {
		os.Stderr.WriteString("start: the process that wanted this server has ended\n")
		os.Exit(2)
	}
}
