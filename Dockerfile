# docker build -t to-labelbox . && docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/data" to-labelbox convert SOURCE -o OUT
FROM python:3.12-slim
COPY pyproject.toml hatch_build.py README.md LICENSE /src/
COPY core /src/core
COPY converters /src/converters
# all dependencies have wheels for this image, so that no compiler is needed
RUN pip install --no-cache-dir "/src[labelbox,cloud,video]" && rm -rf /src
RUN useradd --create-home user
USER user
WORKDIR /data
ENTRYPOINT ["to-labelbox"]
CMD ["--help"]
