package load

import (
	"os"
	"testing"

	"confman/integration/ground"
)

func TestMain(m *testing.M) { os.Exit(ground.Main(m)) }
