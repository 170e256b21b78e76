// Command karpenter gives one packing problem to Karpenter's own scheduler and prints what it answers. It is the peer
// that Dovetail is measured against: the scheduler, its topology and its cluster state are Karpenter's, by import; only
// the instance types, the objects and the report are put together here. It launches nothing and talks to no cluster.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// arguments are what the command line asks for.
type arguments struct {
	problemPath      string
	workers          int
	preferencePolicy string
	minValuesPolicy  string
	timeout          time.Duration
	seed             uint64
}

const usage = `karpenter --problem FILE [options]: solves one problem with Karpenter's scheduler and prints JSON

  --problem FILE                     the problem; - is standard input; gzip is recognised by its content
  --workers N                        candidates looked at side by side, as CPU_REQUESTS sets it (default 1)
  --preference-policy Respect|Ignore overrides the problem's own
  --min-values-policy Strict|BestEffort overrides the problem's own
  --timeout DURATION                 ends Solve and takes what is placed by then, as 1m does in a cluster; 0 is never
  --seed N                           draws the UIDs of pods that have none, which order equal pods (default 1)
`

func main() {
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	arguments, err := readArguments(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		fail(2, err)
	}
	report, err := run(context.Background(), arguments)
	if err != nil {
		fail(1, err)
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	if err := json.NewEncoder(out).Encode(report); err != nil {
		fail(1, err)
	}
	if err := out.Flush(); err != nil {
		fail(1, err)
	}
}

func fail(code int, err error) {
	fmt.Fprintf(os.Stderr, "karpenter: %v\n", err)
	os.Exit(code)
}

func readArguments(words []string) (arguments, error) {
	var read arguments
	flags := flag.NewFlagSet("karpenter", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&read.problemPath, "problem", "", "")
	flags.IntVar(&read.workers, "workers", 1, "")
	flags.StringVar(&read.preferencePolicy, "preference-policy", "", "")
	flags.StringVar(&read.minValuesPolicy, "min-values-policy", "", "")
	flags.Uint64Var(&read.seed, "seed", 1, "")
	flags.DurationVar(&read.timeout, "timeout", 0, "")
	if err := flags.Parse(words); err != nil {
		return read, err
	}
	switch {
	case flags.NArg() > 0:
		return read, fmt.Errorf("%q is not understood: see --help", flags.Arg(0))
	case read.problemPath == "":
		return read, errors.New("--problem is missing: name a file, or - for standard input")
	case read.workers < 1:
		return read, fmt.Errorf("--workers %d: at least 1", read.workers)
	case read.timeout < 0:
		return read, fmt.Errorf("--timeout %s: 0 or more", read.timeout)
	}
	if err := checkChoice("--preference-policy", read.preferencePolicy, "", "Respect", "Ignore"); err != nil {
		return read, err
	}
	return read, checkChoice("--min-values-policy", read.minValuesPolicy, "", "Strict", "BestEffort")
}

func checkChoice(flagName, value string, choices ...string) error {
	for _, choice := range choices {
		if value == choice {
			return nil
		}
	}
	return fmt.Errorf("%s %s: one of %v", flagName, value, choices)
}
