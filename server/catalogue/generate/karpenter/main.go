// Reads facts out of Karpenter's AWS provider, which carries them as Go tables, and runs its own computation of labels
// and resources. It is run by hand when the catalogue is made again, never by the service, the tests or the build.
//
//	facts                          prices, branch interfaces and bandwidth as JSON on standard output
//	expected TYPES.json CASES.json what Karpenter computes for every type and node class, as JSON on standard output
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("say what to write: facts | expected TYPES.json CASES.json"))
	}
	var result any
	var err error
	switch os.Args[1] {
	case "facts":
		result = readFacts()
	case "expected":
		if len(os.Args) != 4 {
			fail(fmt.Errorf("expected needs two files: TYPES.json CASES.json"))
		}
		result, err = computeExpected(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
