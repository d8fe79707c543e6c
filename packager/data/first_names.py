"""Common given names of many countries, without accents, for detecting names of people."""

from __future__ import annotations

_COMMON = """
james john robert michael william david richard joseph thomas charles christopher daniel
matthew anthony mark donald steven paul andrew joshua kenneth kevin brian george edward ronald
timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon
benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron jose adam
nathan henry douglas peter kyle walter ethan jeremy harold keith christian roger noah gerald
carl terry sean austin arthur lawrence jesse dylan bryan joe jordan billy bruce albert willie
gabriel logan alan juan wayne roy ralph randy eugene vincent russell louis bobby philip johnny
mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty
margaret sandra ashley kimberly emily donna michelle carol amanda dorothy melissa deborah
stephanie rebecca sharon laura cynthia kathleen amy angela shirley anna brenda pamela emma
nicole helen samantha katherine christine debra rachel carolyn janet catherine maria heather
diane ruth julie olivia joyce virginia victoria kelly lauren christina joan evelyn judith megan
andrea cheryl hannah jacqueline martha gloria teresa ann sara madison frances kathryn janice
jean abigail alice julia judy sophia grace denise amber doris marilyn danielle beverly isabella
theresa diana natalie brittany charlotte marie kayla alexis lori oliver harry charlie oscar
leo archie theo freddie alfie amelia isla ava mia lily freya ivy florence evie rosie owen
hans peter wolfgang klaus jurgen juergen gunther gunter dieter heinz horst uwe bernd stefan
andreas markus matthias sebastian florian tobias jan lukas leon felix maximilian moritz jonas
ursula monika petra sabine renate karin brigitte ingrid helga gisela susanne birgit heike
claudia katrin anja silke nadine lena leonie lea johanna greta frieda ines jutta elke
jean pierre michel andre philippe rene alain jacques bernard marcel daniel roger robert claude
christophe nicolas frederic laurent julien guillaume antoine francois francoise monique
nathalie isabelle sylvie catherine valerie sandrine celine aurelie emilie camille manon chloe
juan carlos luis jose antonio manuel francisco miguel pedro alejandro javier fernando sergio
pablo jorge alberto raul diego rafael ramon carmen josefa dolores pilar rosa lucia marta elena
cristina paula raquel sofia valentina camila guadalupe ana isabel mercedes beatriz alba
giuseppe giovanni antonio mario luigi francesco angelo vincenzo pietro salvatore paolo marco
andrea luca matteo lorenzo davide giulia chiara francesca alessandra federica silvia giovanna
rosa angela paola elisa martina
joao pedro tiago rui nuno ricardo bruno rodrigo gustavo felipe thiago fernanda juliana mariana
patricia adriana marcia aline larissa
piotr krzysztof andrzej tomasz pawel jan michal marcin stanislaw jakub adam katarzyna
malgorzata agnieszka krystyna barbara ewa magdalena monika joanna zofia anna jiri josef pavel
martin vaclav petr jana eva hana lenka katerina zuzana lucie laszlo istvan jozsef zoltan gabor
erzsebet katalin ilona ion gheorghe vasile mihai ioana elena
ivan dmitri dmitry sergei sergey alexei alexey andrei mikhail nikolai vladimir yuri igor oleg
anastasia ekaterina natalia olga tatiana svetlana irina elena ludmila galina oksana taras
mehmet mustafa ahmet ali huseyin hasan ibrahim ismail fatma ayse emine hatice zeynep elif murat
mohammed muhammad mohamed ahmed omar yusuf hassan hussein khalid abdullah fatima aisha khadija
maryam zainab layla leila noor amina samira youssef karim rashid tariq bilal
lars erik anders johan nils olof gustav karl mikael astrid ingrid kristina margareta birgitta
anna lena maja elsa sven bjorn ole kari anne inger kirsten jens mette hanne matti juha mikko
timo kari liisa ritva tuula jan pieter willem cornelis johannes hendrik anneke maaike sanne
wei fang li jing min yan lei jun yang hong ming xin hui ying chen hao yu mei lin xiaoming
hiroshi takashi kenji akira satoshi yuki haruto sakura yui aoi hana yoko keiko kazuko naoko
minjun seojun jihoon jiwoo minseo jiyoung sungho youngsoo
rahul amit sanjay raj vijay suresh ramesh anil sunil rajesh priya anita sunita pooja neha
deepak arjun ravi lakshmi sita kavita meena asha anjali rohit vikram aditya arun
nguyen linh minh anh hoa lan thi van nam siti nur budi agus dewi putri wayan ketut made
kwame kofi ama akosua abena chinedu ngozi chioma emeka ade oluwaseun tunde bola amara thabo
sipho nomvula zanele themba lerato
"""
FIRST_NAMES = frozenset(_COMMON.split())
