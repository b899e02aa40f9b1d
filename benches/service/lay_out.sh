#!/usr/bin/env bash
# Lays out an OpenSearch server with its k-NN and hybrid search from the packages that are published for Maven.
#
#   benches/service/lay_out.sh VERSION HOME
#
# Needs Java 17, mvn and unzip. HOME is filled with lib/, modules/ and plugins/; 65 MB for 2.19.6.
set -euo pipefail
version=$1 home=$2
mkdir -p "$home"/{lib,modules,plugins,bin,agent}
home=$(cd "$home" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The jars of packages, with all that they need, into a folder.
jars() { # FOLDER GROUP:ARTIFACT:VERSION...
  local folder=$1 group artifact number
  shift
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>local</groupId><artifactId>home</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
    for package in "$@"; do
      IFS=: read -r group artifact number <<<"$package"
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$number</version></dependency>"
    done
    echo '</dependencies></project>'
  } >"$scratch/pom.xml"
  mvn -q -B -f "$scratch/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder"
}

jars "$home/lib" "org.opensearch:opensearch:$version" "org.opensearch:opensearch-plugin-classloader:$version"
# The server's package leaves out log4j-core; it has to be of the version of log4j-api.
log4j=$(basename "$home"/lib/log4j-api-*.jar .jar)
jars "$home/lib" "org.apache.logging.log4j:log4j-core:${log4j#log4j-api-}"

# A module: its jars without those of the server, and the descriptor and policy that the package leaves out.
module() { # NAME ARTIFACT CLASS
  local folder="$home/modules/$1"
  mkdir -p "$folder"
  jars "$folder" "org.opensearch.plugin:$2:$version"
  for jar in "$folder"/*.jar; do
    if [ -e "$home/lib/$(basename "$jar")" ]; then rm "$jar"; fi
  done
  printf '%s\n' "name=$1" "description=$1" "version=$version" "opensearch.version=$version" "java.version=11" \
    "classname=$3" "extended.plugins=" "has.native.controller=false" >"$folder/plugin-descriptor.properties"
  printf 'grant {\n  permission java.security.AllPermission;\n};\n' >"$folder/plugin-security.policy"
}
module transport-netty4 transport-netty4-client org.opensearch.transport.Netty4Plugin
module analysis-common analysis-common org.opensearch.analysis.common.CommonAnalysisPlugin
module lang-painless lang-painless org.opensearch.painless.PainlessPlugin
module mapper-extras mapper-extras-client org.opensearch.index.mapper.MapperExtrasPlugin

# Plugins come whole, as zips.
for plugin in opensearch-knn neural-search; do
  mvn -q -B dependency:copy -Dartifact="org.opensearch.plugin:$plugin:$version.0:zip" -DoutputDirectory="$scratch"
  unzip -q "$scratch/$plugin-$version.0.zip" -d "$home/plugins/$plugin"
done
chmod -R a+rX "$home"
