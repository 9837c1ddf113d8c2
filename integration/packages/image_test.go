package packages

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
)

// The image has nothing but confman, which tells by itself whether it is well.
func TestImage(t *testing.T) {
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		if os.Getenv("CONFMAN_REQUIRE_DOCKER") == "1" {
			t.Fatalf("no Docker engine answers, and CONFMAN_REQUIRE_DOCKER=1 requires one: %v\n%s", err, out)
		}
		t.Skip("no Docker engine answers")
	}
	image := fmt.Sprintf("confman-packages-%d", os.Getpid())
	sh(t, ground.Root(t), "IMAGE="+image+" make --no-print-directory image")
	t.Cleanup(func() { sh(t, ".", "docker image rm --force "+image) })
	sh(t, ".", fmt.Sprintf("docker run --detach --name %s --hostname node --health-interval 500ms %s", image, image))
	t.Cleanup(func() { sh(t, ".", "docker container rm --force --volumes "+image) })

	isHealthy(t, image)
	sh(t, ".", fmt.Sprintf("docker exec %s /confman set prod/api/timeout 30s && docker restart %s", image, image))
	isHealthy(t, image)
	sh(t, ".", fmt.Sprintf("docker exec %s /confman get prod/api/timeout | grep -x 30s", image))
}

// isHealthy waits until a container's health check has succeeded.
func isHealthy(t *testing.T, container string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for health := ""; health != "healthy"; {
		select {
		case <-tick.C:
			out, err := exec.Command("docker", "inspect", "--format", "{{.State.Health.Status}}", container).CombinedOutput()
			if health = strings.TrimSpace(string(out)); err != nil || health == "unhealthy" {
				t.Fatalf("%v %s", err, out)
			}
		case <-deadline:
			t.Fatalf("it is %s", health)
		}
	}
}
