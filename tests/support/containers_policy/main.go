// containers_policy says whether podman, CRI-O, buildah and skopeo would take an image under a given
// signature policy. It asks the library that they all share, because Debian 12 builds its podman and
// skopeo with Sigstore signatures disabled.
//
//	containers_policy -policy policy.json -registries-d DIR [-certificates DIR] [-insecure] HOST/REPOSITORY@DIGEST
//
// Exit status: 0 accepted, 1 refused (the reason is on standard error), 2 the question could not be put.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

func main() {
	policyPath := flag.String("policy", "", "policy.json to apply")
	registriesDirectory := flag.String("registries-d", "", "directory that enables attached signatures per registry")
	certificates := flag.String("certificates", "", "directory with ca.crt, client.cert, client.key")
	credentials := flag.String("auth-file", "", "auth.json with the registry's credentials")
	insecure := flag.Bool("insecure", false, "http, or https without checking certificates")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	system := &types.SystemContext{
		SignaturePolicyPath:         *policyPath,
		RegistriesDirPath:           *registriesDirectory,
		DockerPerHostCertDirPath:    "/nonexistent", // the machine's own settings shall not matter
		DockerCertPath:              *certificates,
		AuthFilePath:                *credentials,
		DockerInsecureSkipTLSVerify: types.NewOptionalBool(*insecure),
	}
	err := allowed(context.Background(), system, flag.Arg(0))
	var refused signature.PolicyRequirementError
	var invalid signature.InvalidSignatureError
	switch {
	case err == nil:
		fmt.Println("accepted")
	case errors.As(err, &refused), errors.As(err, &invalid):
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
}

// allowed does what a pull does before it copies the first byte.
func allowed(ctx context.Context, system *types.SystemContext, name string) error {
	policy, err := signature.DefaultPolicy(system)
	if err != nil {
		return err
	}
	policyContext, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer policyContext.Destroy()
	reference, err := docker.ParseReference("//" + name)
	if err != nil {
		return err
	}
	source, err := reference.NewImageSource(ctx, system)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = policyContext.IsRunningImageAllowed(ctx, image.UnparsedInstance(source, nil))
	return err
}
