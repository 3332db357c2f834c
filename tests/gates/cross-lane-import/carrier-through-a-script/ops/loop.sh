./ops/loop.sh
