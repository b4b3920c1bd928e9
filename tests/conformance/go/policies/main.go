// policies reads a cluster and packets a line (JSON), and says of each packet whether kube-network-policies accepts it.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

type request struct {
	networkpolicy.Cluster
	Packets []networkpolicy.Packet
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked request
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(networkpolicy.Evaluate(asked.Cluster, asked.Packets)); err != nil {
			log.Fatal(err)
		}
	}
}
